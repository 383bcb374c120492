//! A host that counts what an instance of the component does. Nothing in it depends on the time or on another machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bench::exact::{self, Counts};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;
use tokio::sync::oneshot;
use wasmtime::component::Component;
use wasmtime::{CallHook, Config, Engine, ResourceLimiter, Result, Store};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, WasiHttpView};

use super::component;

/// More instructions than any request here executes.
const FUEL: u64 = u64::MAX;

/// The bytes of a page of linear memory.
const PAGE: usize = 64 << 10;

/// The time of all clocks: 1 January 2026.
const NOW: Duration = Duration::from_secs(1_767_225_600);

/// The component, compiled and linked.
pub(crate) struct CountingHost {
    handler: ProxyPre<State>,
    page: Bytes,
    sha256: String,
    module_bytes: u64,
    compiled_bytes: Option<u64>,
}

impl CountingHost {
    /// `page`: the answer to each request of the component to another server, compressed by gzip.
    pub(crate) fn new(page: Bytes) -> Result<Self> {
        let component = component::encoded();
        let mut config = Config::new();
        config.consume_fuel(true).concurrency_support(false);
        let engine = Engine::new(&config)?;
        let linker = component::linker(&engine, |_, name| {
            let value = match name {
                "github_url" => "https://github.com",
                "contact" => "",
                "page_timeout" => "30",
                _ => return None,
            };
            Some(value.to_owned())
        })?;
        let code = exact::code(&engine, &component, Engine::precompile_component)?;
        // SAFETY: the cache has what this program's user or root has written, and the key names the engine.
        let compiled = unsafe { Component::deserialize(&engine, code)? };
        Ok(Self {
            handler: ProxyPre::new(linker.instantiate_pre(&compiled)?)?,
            page,
            sha256: exact::sha256(&component),
            module_bytes: component.len() as u64,
            compiled_bytes: exact::compiled_bytes(&component, Engine::precompile_component)?,
        })
    }

    /// Lets a new instance answer a request.
    pub(crate) async fn answer(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes, Counts)> {
        let received = Arc::new(AtomicU64::new(request.body().size_hint().exact().unwrap_or_default()));
        let mut store = Store::new(self.handler.engine(), state(self.page.clone(), received.clone()));
        store.set_fuel(FUEL)?;
        store.limiter(|state| &mut state.data);
        let calls = Arc::new(AtomicU64::new(0));
        let counted = calls.clone();
        store.call_hook(move |_, hook| {
            if matches!(hook, CallHook::CallingHost) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        });
        let (sender, receiver) = oneshot::channel();
        let mut http = store.data_mut().http();
        let request = http.new_incoming_request(Scheme::Http, request)?;
        let out = http.new_response_outparam(sender)?;
        let proxy = self.handler.instantiate_async(&mut store).await?;
        let start_instructions = FUEL - store.get_fuel()?;
        // The instance waits for a reader of its answer.
        let read = async {
            let (head, body) = receiver.await.ok()?.ok()?.into_parts();
            Some((head.status, body.collect().await.ok()?.to_bytes()))
        };
        let called = proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out);
        let (called, answer) = tokio::join!(called, read);
        called?;
        let (status, body) = answer.ok_or_else(|| wasmtime::Error::msg("the answer is not whole"))?;
        let counts = Counts {
            sha256: self.sha256.clone(),
            module_bytes: self.module_bytes,
            start_instructions,
            instructions: FUEL - store.get_fuel()? - start_instructions,
            host_calls: calls.load(Ordering::Relaxed),
            bytes_in: received.load(Ordering::Relaxed),
            bytes_out: body.len() as u64,
            memory_pages: (store.data().data.bytes / PAGE) as u64,
            compiled_bytes: self.compiled_bytes,
            native_instructions: None,
        };
        Ok((status, body, counts))
    }
}

type State = component::State<GitHub, Memory>;

fn state(page: Bytes, received: Arc<AtomicU64>) -> State {
    let random = || Deterministic::new(vec![0x5A]);
    let mut wasi = WasiCtx::builder();
    wasi.wall_clock(Standing)
        .monotonic_clock(Standing)
        .secure_random(random())
        .insecure_random(random())
        .insecure_random_seed(0);
    State::new(wasi.build(), GitHub { page, received }, Memory::default())
}

/// The largest size of an instance's linear memory.
#[derive(Default)]
struct Memory {
    bytes: usize,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.bytes = self.bytes.max(desired);
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> Result<bool> {
        Ok(true)
    }
}

/// A clock that stands still.
struct Standing;

impl HostWallClock for Standing {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        NOW
    }
}

impl HostMonotonicClock for Standing {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// Answers each request of the component with the page, compressed and in one piece.
struct GitHub {
    page: Bytes,
    received: Arc<AtomicU64>,
}

type Sending<T> = Box<dyn Future<Output = std::result::Result<T, Error>> + Send>;

impl WasiHttpHooks for GitHub {
    fn send_request(
        &mut self,
        _: Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Sending<()>,
    ) -> Sending<(Response<WasiBody>, Sending<()>)> {
        self.received.fetch_add(self.page.len() as u64, Ordering::Relaxed);
        let response = Response::builder()
            .header(http::header::CONTENT_TYPE, "text/html; charset=utf-8")
            .header(http::header::CONTENT_ENCODING, "gzip")
            .body(
                Full::new(self.page.clone())
                    .map_err(|never| match never {})
                    .boxed_unsync(),
            )
            .expect("a valid header");
        Box::new(async {
            let nothing_more: Sending<()> = Box::new(async { Ok(()) });
            Ok((response, nothing_more))
        })
    }
}

//! The state and the capabilities of one instance.

use std::sync::Arc;

use http::{Request, Response};
use tokio::sync::Semaphore;
use wasmtime::ResourceLimiter;
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::allowed_hosts::AllowedHosts;
use super::clock::Clock;
use super::engine;
use super::host_memory::{self, HostMemory};
use super::outbound::Outbound;
use super::output::Output;
use super::variables::Variables;
use super::waiting::{GuestClock, Waiting};

/// The data that all instances of a component share.
#[derive(Debug)]
pub(super) struct Grants {
    pub(super) id: Arc<str>,
    pub(super) variables: Variables,
    pub(super) environment: Vec<(String, String)>,
    pub(super) allowed_hosts: AllowedHosts,
    pub(super) memory_bytes: usize,
    pub(super) output_bytes: usize,
    pub(super) host_bytes: usize,
    pub(super) handles: usize,
    pub(super) outbound_requests: usize,
    pub(super) clock: Clock,
}

/// The state of one instance.
pub(super) struct GuestState {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    memory: Memory,
}

impl GuestState {
    pub(super) fn new(grants: &Arc<Grants>, outbound: &Arc<Outbound>) -> Self {
        let output = Output::new(grants.id.clone(), grants.output_bytes);
        let waiting = Arc::new(Waiting::default());
        // The builder grants no access to files, environment, arguments, standard input or network by default. Requests
        // go through the hooks below.
        let wasi = WasiCtx::builder()
            .envs(&grants.environment)
            .stdout(output.clone())
            .stderr(output.clone())
            .wall_clock(grants.clock.clone())
            .monotonic_clock(GuestClock::new(waiting.clone()))
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(host_memory::RANDOM_BYTES)
            .build();
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(host_memory::FIELDS_BYTES);
        let mut table = ResourceTable::new();
        table.set_max_capacity(grants.handles);
        Self {
            table,
            wasi,
            http,
            hooks: Hooks {
                grants: grants.clone(),
                outbound: outbound.clone(),
                waiting,
                output,
                requests: Arc::new(Semaphore::new(grants.outbound_requests)),
                host_memory: HostMemory::new(grants.host_bytes),
            },
            memory: Memory {
                limit: grants.memory_bytes,
                held: 0,
                refused: false,
            },
        }
    }

    /// Takes the state for another request of the instance, whose memory stays as large as it is.
    pub(super) fn begin_another_request(&mut self, state: Self) {
        let memory = self.memory;
        *self = Self { memory, ..state };
    }

    /// Whether the guest has left nothing of a request in the host, and met none of its limits.
    pub(super) fn is_as_before(&self) -> bool {
        self.table.is_empty() && !self.memory.refused && !self.exceeded_host_memory()
    }

    pub(super) fn variables(&self) -> &Variables {
        &self.hooks.grants.variables
    }

    pub(super) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Whether the guest exceeded the limit of the host's memory.
    pub(super) fn exceeded_host_memory(&self) -> bool {
        self.hooks.host_memory.exceeded
    }

    /// The time that the request waits for other servers' rate limits.
    pub(super) fn waiting(&self) -> &Arc<Waiting> {
        &self.hooks.waiting
    }

    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

impl WasiView for GuestState {
    /// Every call of a WASI interface gets its context here.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.hooks.host_memory.before_call(&mut self.table);
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for GuestState {
    /// Every call of `wasi:http` gets its context here.
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.hooks.host_memory.before_call(&mut self.table);
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

/// Limits linear memory: the sum of all memories of a component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    limit: usize,
    held: usize,
    /// Whether the guest ever requested more memory, which is a likely cause of a later trap.
    pub(super) refused: bool,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let held = self.held.saturating_add(desired.saturating_sub(current));
        let granted = held <= self.limit;
        if granted {
            self.held = held;
        }
        self.refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= engine::TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        engine::MODULES_PER_COMPONENT as usize
    }

    fn tables(&self) -> usize {
        engine::TABLES_PER_COMPONENT as usize
    }

    fn memories(&self) -> usize {
        engine::MEMORIES_PER_COMPONENT as usize
    }
}

/// Sends outbound requests.
struct Hooks {
    grants: Arc<Grants>,
    outbound: Arc<Outbound>,
    waiting: Arc<Waiting>,
    output: Output,
    /// Permits for concurrent requests.
    requests: Arc<Semaphore>,
    host_memory: HostMemory,
}

/// The result of [`WasiHttpHooks::send_request`]: the response, and the task that reads it.
type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        if !self.grants.allowed_hosts.allows(request.uri()) {
            let uri = request.uri();
            // A guest can be refused as often as it likes: the line counts as one that it prints.
            self.output.say(&format!(
                "a request to {}://{} was refused: allowed_outbound_hosts in spin.toml does not allow it",
                uri.scheme_str().unwrap_or_default(),
                uri.authority().map(http::uri::Authority::as_str).unwrap_or_default(),
            ));
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        // Not waited for: a guest that asks for one after the other never meets this limit, and one that asks for
        // hundreds at once would only make the host remember them.
        let Ok(place) = self.requests.clone().try_acquire_owned() else {
            return Box::new(async { Err(Error::ConnectionLimitReached) });
        };
        let sent = self.host_memory.send(&request);
        let (outbound, waiting) = (self.outbound.clone(), self.waiting.clone());
        Box::new(async move {
            let response = outbound.send(request, options, &waiting, place).await;
            drop(sent);
            let nothing_more: Box<dyn Future<Output = _> + Send> = Box::new(async { Ok(()) });
            Ok((response?, nothing_more))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        host_memory::CHUNK_BYTES
    }
}

//! What one instance holds and is granted.

use std::sync::Arc;

use http::{Request, Response};
use wasmtime::ResourceLimiter;
use wasmtime_wasi::{ResourceTable, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::allowed_hosts::AllowedHosts;
use super::clock::Clock;
use super::outbound::Outbound;
use super::output::Output;
use super::variables::Variables;

/// What a component's instances have in common.
#[derive(Debug)]
pub(super) struct Grants {
    pub(super) id: Arc<str>,
    pub(super) variables: Variables,
    pub(super) environment: Vec<(String, String)>,
    pub(super) allowed_hosts: AllowedHosts,
    pub(super) memory_bytes: usize,
    pub(super) output_bytes: usize,
    pub(super) clock: Clock,
}

/// One instance's state.
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
        // Nothing of the host's files, environment, arguments, standard input or network: the builder grants none of
        // them by itself, and requests go through the hooks below.
        let wasi = WasiCtx::builder()
            .envs(&grants.environment)
            .stdout(output.clone())
            .stderr(output)
            .wall_clock(grants.clock.clone())
            .allow_tcp(false)
            .allow_udp(false)
            .build();
        Self {
            table: ResourceTable::new(),
            wasi,
            http: WasiHttpCtx::new(),
            hooks: Hooks {
                grants: grants.clone(),
                outbound: outbound.clone(),
            },
            memory: Memory {
                limit: grants.memory_bytes,
                refused: false,
            },
        }
    }

    pub(super) fn variables(&self) -> &Variables {
        &self.hooks.grants.variables
    }

    pub(super) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    pub(super) fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

/// Holds linear memory to its limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    limit: usize,
    /// Whether the guest ever asked for more, which is likely why it then gave up.
    pub(super) refused: bool,
}

/// The most entries a guest's tables may hold: its functions, of which a large guest has some thousands.
const TABLE_ELEMENTS: usize = super::engine::TABLE_ELEMENTS;

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let granted = desired <= self.limit;
        self.refused |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

/// The way out for requests.
struct Hooks {
    grants: Arc<Grants>,
    outbound: Arc<Outbound>,
}

/// What [`WasiHttpHooks::send_request`] resolves to: the response, and what may still go wrong while it is read.
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
            eprintln!(
                "[{}] a request to {}://{} was refused: allowed_outbound_hosts in spin.toml does not allow it",
                self.grants.id,
                uri.scheme_str().unwrap_or_default(),
                uri.authority().map(http::uri::Authority::as_str).unwrap_or_default(),
            );
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        let outbound = self.outbound.clone();
        Box::new(async move {
            let response = outbound.send(request, options).await?;
            let nothing_more: Box<dyn Future<Output = _> + Send> = Box::new(async { Ok(()) });
            Ok((response, nothing_more))
        })
    }
}

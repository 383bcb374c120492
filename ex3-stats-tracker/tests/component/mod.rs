//! The real component, with its imports and their state, for hosts made of wasmtime's crates.

use wasm::guests;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, ResourceTable};
use wasmtime::{Engine, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

/// The component, encoded like in Spin.
pub(crate) fn encoded() -> Vec<u8> {
    let module = guests::SPIN_COMPONENT.read().unwrap_or_else(|error| panic!("{error}"));
    wit_component::ComponentEncoder::default()
        .module(&module)
        .and_then(|encoder| {
            encoder.adapter(
                wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )
        })
        .and_then(|mut encoder| encoder.encode())
        .expect("a component")
}

/// A linker with WASI, its HTTP interface, and Spin's interface `variables`. The function returns a variable's value; `None`
/// if it is not defined.
pub(crate) fn linker<H: WasiHttpHooks, D: Send + 'static>(
    engine: &Engine,
    value: impl Fn(&D, &str) -> Option<String> + Send + Sync + 'static,
) -> wasmtime::Result<Linker<State<H, D>>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    linker.instance("fermyon:spin/variables@2.0.0")?.func_wrap(
        "get",
        move |store: StoreContextMut<'_, State<H, D>>, (name,): (String,)| {
            let value = value(&store.data().data, &name);
            Ok((value.ok_or(VariableError::Undefined(name)),))
        },
    )?;
    Ok(linker)
}

/// The state of one instance: that of WASI, the way to other servers, and the host's own data.
pub(crate) struct State<H, D> {
    pub(crate) table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: H,
    pub(crate) data: D,
}

impl<H, D> State<H, D> {
    pub(crate) fn new(wasi: WasiCtx, hooks: H, data: D) -> Self {
        Self {
            table: ResourceTable::new(),
            wasi,
            http: WasiHttpCtx::new(),
            hooks,
            data,
        }
    }
}

impl<H: Send, D: Send> WasiView for State<H, D> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl<H: WasiHttpHooks, D: Send> WasiHttpView for State<H, D> {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            ctx: &mut self.http,
            table: &mut self.table,
            hooks: &mut self.hooks,
        }
    }
}

/// `variant error` of the interface.
#[derive(Clone, Debug, ComponentType, Lift, Lower)]
#[component(variant)]
#[allow(dead_code, reason = "the type needs each case")]
enum VariableError {
    #[component(name = "invalid-name")]
    InvalidName(String),
    #[component(name = "undefined")]
    Undefined(String),
    #[component(name = "provider")]
    Provider(String),
    #[component(name = "other")]
    Other(String),
}

//! The real component, and its one import that is Spin's own, for hosts made of wasmtime's crates.

use wasm::guests;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

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

/// Defines Spin's interface `variables`. The function returns a variable's value; `None` if it is not defined.
pub(crate) fn add_variables<T: Send + 'static>(
    linker: &mut Linker<T>,
    value: impl Fn(&T, &str) -> Option<String> + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    linker.instance("fermyon:spin/variables@2.0.0")?.func_wrap(
        "get",
        move |store: wasmtime::StoreContextMut<'_, T>, (name,): (String,)| {
            let value = value(store.data(), &name);
            Ok((value.ok_or(VariableError::Undefined(name)),))
        },
    )
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

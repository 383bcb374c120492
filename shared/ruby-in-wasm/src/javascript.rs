//! What the module imports for JavaScript's sake.
//!
//! Ruby's package for Wasm lets Ruby call JavaScript (`require "js"`) by way of functions that its host provides. There
//! is no JavaScript here. Each of them stops Ruby with a sentence that says so; answering something would let a
//! program go on with values that stand for nothing. Nothing of it is called while Ruby starts.
//!
//! Two functions are about Ruby's own values, and those are done right.

use wasmer::{ExternType, Function, FunctionType, Imports, Module, RuntimeError, StoreMut, Value};

/// Where the functions for JavaScript's sake come from.
const JAVASCRIPT: &str = "rb-js-abi-host";

/// Where functions about handles come from. A handle stands for a value that the other side owns.
const HANDLES: &str = "canonical_abi";

/// All that the module imports besides WASI.
pub(crate) fn imports(module: &Module, store: &mut StoreMut<'_>) -> Imports {
    let mut imports = Imports::new();
    for import in module.imports() {
        let ExternType::Function(shape) = import.ty() else {
            continue;
        };
        let function = match (import.module(), import.name()) {
            // The module asks its host for a handle for each value that it hands out, and for the value when it gets
            // the handle back. This host keeps no table of its own: the value's address is the handle.
            (HANDLES, "resource_new_rb-abi-value" | "resource_get_rb-abi-value") => {
                Function::new_typed(store, |address: i32| address)
            }
            (HANDLES | JAVASCRIPT, name) => refusal(store, shape, name),
            _ => continue,
        };
        imports.define(import.module(), import.name(), function);
    }
    imports
}

/// A function that stops Ruby.
fn refusal(store: &mut StoreMut<'_>, shape: &FunctionType, name: &str) -> Function {
    // The name goes on with the function's parameters and result.
    let name = name.split(':').next().unwrap_or(name).to_owned();
    Function::new(store, shape, move |_| -> Result<Vec<Value>, RuntimeError> {
        Err(RuntimeError::new(format!(
            "Ruby asked for JavaScript ({name}), and there is none here: leave out `require \"js\"` and what uses it"
        )))
    })
}

//! The module's imports for JavaScript.
//!
//! Ruby's package for Wasm lets Ruby call JavaScript (`require "js"`) through imports. This host has no JavaScript:
//! each of these functions stops Ruby with an error, because a program could not continue with an invented value. Ruby
//! calls none of them while it starts.
//!
//! Two imports are about handles of Ruby's own values. Those are implemented.

use wasmer::{ExternType, Function, FunctionType, Imports, Module, RuntimeError, StoreMut, Value};

/// The import module of the functions for JavaScript.
const JAVASCRIPT: &str = "rb-js-abi-host";

/// The import module of the functions about handles. A handle represents a value that the other side owns.
const HANDLES: &str = "canonical_abi";

/// All imports of the module except WASI's.
pub(crate) fn imports(module: &Module, store: &mut StoreMut<'_>) -> Imports {
    let mut imports = Imports::new();
    for import in module.imports() {
        let ExternType::Function(shape) = import.ty() else {
            continue;
        };
        let function = match (import.module(), import.name()) {
            // The module converts each value that it returns to a handle, and each handle that it gets to its value.
            // This host needs no table: the value's address is the handle.
            (HANDLES, "resource_new_rb-abi-value" | "resource_get_rb-abi-value") => {
                Function::new_typed(store, |address: i32| address)
            }
            (HANDLES | JAVASCRIPT, name) => failing_function(store, shape, name),
            _ => continue,
        };
        imports.define(import.module(), import.name(), function);
    }
    imports
}

/// A function that stops Ruby.
fn failing_function(store: &mut StoreMut<'_>, shape: &FunctionType, name: &str) -> Function {
    // After the colon the name has the function's type.
    let name = name.split(':').next().unwrap_or(name).to_owned();
    Function::new(store, shape, move |_| -> Result<Vec<Value>, RuntimeError> {
        Err(RuntimeError::new(format!(
            "Ruby called JavaScript ({name}), which this host does not have: remove `require \"js\"` and the code that uses it"
        )))
    })
}

//! The native half of the Ruby gem `wasm_host`: WebAssembly in Ruby, by Wasmer.
//!
//! Each class has a file here, a file with its documentation in `lib`, and a file with its examples in `spec`. The
//! other files here are shared by the classes: guests are interruptible (by `wasm::guest_limits`), run on a stack of
//! their own (`call`) and, if they take long, without Ruby's global lock (`gvl`). A store has one user at a time
//! (`store_cell`), and is a Ruby object (`store`), which the objects of an instance hold.

#![allow(
    missing_docs,
    reason = "the one function that Ruby sees is made by a macro; the classes are documented in lib"
)]

mod bytes;
mod call;
mod error;
mod fiber;
mod function;
mod ghcr_page;
mod global;
mod guest;
mod gvl;
mod helper;
mod instance;
mod memory;
mod module;
mod program;
mod request;
mod store;
mod store_cell;
mod value;

use magnus::prelude::*;
use magnus::typed_data::TypedData;
use magnus::{Error, RModule, Ruby, function, method};
use system::{cache, workspace};

/// Defines the methods. `lib/wasm_host/native.rb` has defined the classes before it loads this library.
#[magnus::init(name = "wasm_host")]
fn init(ruby: &Ruby) -> Result<(), Error> {
    // The running program is Ruby, so the checkout cannot be found from the program's path.
    cache::set_checkout(workspace());
    let host: RModule = ruby.define_module("WasmHost")?;
    let class = |name: &str| -> Result<magnus::RClass, Error> {
        let class = host.define_class(name, ruby.class_object())?;
        class.undef_default_alloc_func();
        Ok(class)
    };

    let module = class("Module")?;
    module.define_singleton_method("load", function!(module::Module::load, 3))?;
    module.define_method("native_imports", method!(module::Module::imports, 0))?;
    module.define_method("native_exports", method!(module::Module::exports, 0))?;
    module.define_method("interruptible?", method!(module::Module::is_interruptible, 0))?;

    let instance = class("Instance")?;
    instance.define_singleton_method("link", function!(instance::Instance::link, -1))?;
    instance.define_method("call", method!(instance::Instance::call, -1))?;
    instance.define_method("function", method!(instance::Instance::function, 1))?;
    instance.define_method("memory", method!(instance::Instance::memory, 1))?;
    instance.define_method("global", method!(instance::Instance::global, 1))?;
    instance.define_method("close", method!(instance::Instance::close, 0))?;
    instance.define_method("closed?", method!(instance::Instance::is_closed, 0))?;

    let function = class("Function")?;
    function.define_method("call", method!(function::Function::call, -1))?;
    function.define_method("name", method!(function::Function::name, 0))?;
    function.define_method("signature", method!(function::Function::signature, 0))?;
    function.define_method("arity", method!(function::Function::arity, 0))?;

    let memory = class("Memory")?;
    memory.define_singleton_method("make", function!(memory::Memory::new, 2))?;
    memory.define_method("read", method!(memory::Memory::read, 2))?;
    memory.define_method("write", method!(memory::Memory::write, 2))?;
    memory.define_method("size", method!(memory::Memory::size, 0))?;
    memory.define_method("grow", method!(memory::Memory::grow, 1))?;

    let global = class("Global")?;
    global.define_method("value", method!(global::Global::value, 0))?;
    global.define_method("value=", method!(global::Global::set_value, 1))?;
    global.define_method("mutable?", method!(global::Global::is_mutable, 0))?;

    let native: RModule = host.define_module("Native")?;
    native.define_singleton_method("run", function!(program::run, -1))?;
    for name in ["FiberMark", "Store"] {
        native
            .define_class(name, ruby.class_object())?
            .undef_default_alloc_func();
    }

    let page = ruby.define_module("GhcrPage")?;
    page.define_singleton_method("read", function!(ghcr_page::parse, 1))?;
    let guest = page.define_class("Guest", ruby.class_object())?;
    guest.undef_default_alloc_func();
    guest.define_singleton_method("load", function!(guest::Guest::load, 2))?;
    guest.define_method("read", method!(guest::Guest::parse, 1))?;

    // The first use of each type looks up its class, by a call into Ruby that must not be interrupted. So it is done
    // here.
    module::Module::class(ruby);
    instance::Instance::class(ruby);
    function::Function::class(ruby);
    memory::Memory::class(ruby);
    global::Global::class(ruby);
    guest::Guest::class(ruby);
    fiber::Mark::class(ruby);
    store::Store::class(ruby);
    Ok(())
}

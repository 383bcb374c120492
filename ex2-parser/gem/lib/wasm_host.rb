# frozen_string_literal: true

# A WebAssembly host for Ruby. A guest can only access its imports and its own memory, and it can be stopped.
#
#     log = ->(offset, length) { puts memory.text(offset, length) }
#     instance = WasmHost::Instance.new(WasmHost::Module.load_file("hello.wat"), { "console" => { "log" => log } })
#     instance.call("helloWorld")
#
# - {Module}: compiled code. {Instance}: a module with its own memory, linked with its imports.
# - {Function}, {Memory} and {Global}: the exports of an instance.
# - {Program}: a WASI command with strings as its standard streams.
# - {Error}: the superclass of all exceptions about guests.
#
# The gem's objects belong to the main Ractor. They can't be shared, and a call from another Ractor raises
# +Ractor::UnsafeError+.
module WasmHost
end

require_relative "wasm_host/version"
require_relative "wasm_host/error"
require_relative "wasm_host/native"
require_relative "wasm_host/module"
require_relative "wasm_host/instance"
require_relative "wasm_host/function"
require_relative "wasm_host/memory"
require_relative "wasm_host/global"
require_relative "wasm_host/program"

# frozen_string_literal: true

# WebAssembly in Ruby: guests that compute, see nothing but what they are handed, and can be stopped.
#
#     log = ->(offset, length) { puts memory.text(offset, length) }
#     instance = WasmHost::Instance.new(WasmHost::Module.load_file("hello.wat"), { "console" => { "log" => log } })
#     instance.call("helloWorld")
#
# - {Module} is code, compiled; {Instance} is a module with a memory of its own, linked with procs.
# - {Function}, {Memory} and {Global} are what an instance exports.
# - {Program} is a WASI command, with its standard streams as strings.
# - {Error} is what all exceptions about guests inherit from.
#
# Objects of this gem belong to the main Ractor: none can be shared, and a call from another Ractor raises
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

# frozen_string_literal: true

require "wasmtime"

# What a call costs across the border of wasmtime-rb.
class WasmtimeRbCalls
  ENGINE = Wasmtime::Engine.new
  STORE = Wasmtime::Store.new(ENGINE)
  MODULE = Wasmtime::Module.new(ENGINE, <<~WAT)
    (module (func (export "answer") (result i32) (i32.const 42)))
  WAT
  ANSWER = Wasmtime::Instance.new(STORE, MODULE).export("answer").to_func

  def self.versions
    { wasmtime_rb: Wasmtime::VERSION }
  end

  # A guest's function, which returns at once.
  def self.wasm(times)
    last = ANSWER.call
    while (times -= 1).positive?
      last = ANSWER.call
    end
    last
  end
end

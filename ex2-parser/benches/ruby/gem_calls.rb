# frozen_string_literal: true

require_relative "../../gem/lib/wasm_host"

# What a call costs across the border of this workspace's gem. Each returns 42, and does nothing else.
class GemCalls
  GUEST = WasmHost::Instance.new(<<~WAT, { "host" => { "answer" => -> { 42 } } })
    (module
      (import "host" "answer" (func $answer (result i32)))
      (func (export "answer") (result i32) (i32.const 42))
      (func (export "ask") (result i32) (call $answer)))
  WAT
  ANSWER = GUEST.function("answer")
  ASK = GUEST.function("ask")

  def self.versions
    { wasm_host: WasmHost::VERSION }
  end

  # A guest's function, which returns at once.
  def self.wasm(times)
    last = ANSWER.call
    while (times -= 1).positive?
      last = ANSWER.call
    end
    last
  end

  # A guest's function, which calls a proc.
  def self.wasm_ruby(times)
    last = ASK.call
    while (times -= 1).positive?
      last = ASK.call
    end
    last
  end
end

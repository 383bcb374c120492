# frozen_string_literal: true

require "json"
require "wasmtime"

# A package page by wasmtime-rb, which embeds another engine: the same guest as GhcrPage::Guest has. PARSER_GUEST is the
# path of its module.
class WasmtimeRbParser
  ENGINE = Wasmtime::Engine.new
  STORE = Wasmtime::Store.new(ENGINE)
  # It imports nothing.
  GUEST = Wasmtime::Instance.new(STORE, Wasmtime::Module.from_file(ENGINE, PARSER_GUEST))
  GUEST.export("_initialize")&.to_func&.call
  MEMORY = GUEST.export("memory").to_memory
  ALLOCATE, EXTRACT, RESULT, RESULT_LENGTH =
    %w[allocate extract result result_length].map { |name| GUEST.export(name).to_func }

  def self.versions
    { wasmtime_rb: Wasmtime::VERSION }
  end

  def self.parse(html)
    MEMORY.write(ALLOCATE.call(html.bytesize), html)
    status = EXTRACT.call(0, html.bytesize)
    answer = MEMORY.read_utf8(RESULT.call, RESULT_LENGTH.call)
    raise answer unless status.zero?

    JSON.parse(answer, symbolize_names: true)
  end
end

# frozen_string_literal: true

# Any module in Ruby, by the gem, within limits. It reads a module's path from each line of its standard input, and prints
# a line: `answered {…}` or `stopped …`. ../README.md describes what it limits.

require "json"
require "wasm_host"

MAX_MODULE_BYTES = 16 << 20
MAX_ANSWER_BYTES = 16 << 20
TIME_LIMIT = Float(ENV.fetch("TIME_LIMIT", "10"))
PAGE = "<html></html>"

# A module, run once.
class Guest
  SIGNATURES = { "allocate" => "(i32) -> (i32)", "extract" => "(i32, i32) -> (i32)",
                 "result" => "() -> (i32)", "result_length" => "() -> (i32)" }.freeze

  def initialize(path)
    raise "the module is too large" if File.size(path) > MAX_MODULE_BYTES

    compiled = WasmHost::Module.load_file(path, compile_limit: [TIME_LIMIT.to_i, 1].max)
    @inside = false
    @instance = WasmHost::Instance.new(compiled, { "host" => { "page" => method(:page) } }, time_limit: TIME_LIMIT)
  end

  # Frees the guest's memory at once. A guest whose start function failed has no instance.
  def close = @instance&.close

  def answer
    memory = @instance.memory("memory")
    SIGNATURES.each do |name, signature|
      raise "#{name} has another type" if @instance.function(name).signature != signature
    end
    give_page
    status = @instance.call("extract", 0, PAGE.bytesize)
    address = unsigned(@instance.call("result"))
    length = unsigned(@instance.call("result_length"))
    raise "the module returned the status #{status}" unless [0, 1].include?(status)
    raise "the answer's length: #{length} bytes" if length > MAX_ANSWER_BYTES

    text = memory.text(address, length)
    raise "the answer's form: no JSON object" unless JSON.parse(text).is_a?(Hash)

    text
  end

  private

  # What a guest may import: it gets the page once more. It must not come back through it to itself.
  def page
    raise "the module asks for the page while it gets it" if @inside || @instance.nil?

    @inside = true
    begin
      give_page
    ensure
      @inside = false
    end
  end

  def give_page
    address = unsigned(@instance.call("allocate", PAGE.bytesize))
    raise "the module has no room for the page" if address.zero?

    @instance.memory("memory").write(address, PAGE)
    address
  end

  # i32 values of a guest are signed numbers in Ruby. Addresses and lengths are not.
  def unsigned(number) = number & 0xffff_ffff
end

$stdout.sync = true
$stdin.each_line(chomp: true) do |path|
  outcome =
    begin
      guest = Guest.new(path)
      "answered #{guest.answer}"
    rescue WasmHost::Error, JSON::ParserError, EncodingError, IndexError, RuntimeError => error
      "stopped #{error.class}: #{error.message}"
    ensure
      guest&.close
    end
  puts outcome.split.join(" ")[0, 300]
end

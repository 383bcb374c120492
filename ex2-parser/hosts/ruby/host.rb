# frozen_string_literal: true

# The parser's module in Ruby, by the gem: ruby -Iex2-parser/gem/lib ex2-parser/hosts/ruby/host.rb MODULE KIND PAGE…

require "json"
require "wasm_host"

MAX_ANSWER_BYTES = 16 << 20
TIME_LIMIT = Float(ENV.fetch("TIME_LIMIT", "10"))

# The block's value. Its time goes to standard error.
def timed(name)
  begin_at = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  value = yield
  warn format("%s %.3fms", name, (Process.clock_gettime(Process::CLOCK_MONOTONIC) - begin_at) * 1000)
  value
end

# i32 values of a guest are signed numbers in Ruby. Addresses and lengths are not.
def unsigned(number) = number & 0xffff_ffff

abort "MODULE KIND PAGE... are needed" if ARGV.size < 3
path, kind, *pages = ARGV
begin
  # 1. Load: compiled code, and an instance of it. The module imports nothing, so it can only compute.
  compiled = timed("set-up") { WasmHost::Module.load_file(path) }
  instance = timed("start") { WasmHost::Instance.new(compiled, time_limit: TIME_LIMIT) }
  memory = instance.memory("memory")

  pages.map { |page| File.binread(page) }.each do |page|
    answer = timed("page") do
      # 2. Give it the page: in its memory, at an address that it chooses and the gem checks.
      address = unsigned(instance.call("allocate", page.bytesize))
      raise "the module has no room for the page" if address.zero?

      memory.write(address, page)
      status = instance.call("extract", Integer(kind), page.bytesize)

      # 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
      address = unsigned(instance.call("result"))
      length = unsigned(instance.call("result_length"))
      raise "the module returned the status #{status}" unless [0, 1].include?(status)
      raise "the answer's length: #{length} bytes" if length > MAX_ANSWER_BYTES

      text = memory.text(address, length)
      raise "the answer's form: no JSON object" unless JSON.parse(text).is_a?(Hash)

      text
    end
    puts answer
  end
rescue WasmHost::Error, JSON::ParserError, EncodingError, IndexError, RuntimeError => error
  abort "#{error.class}: #{error.message}"
end

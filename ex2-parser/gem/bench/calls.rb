# frozen_string_literal: true

# The cost of a call: within Ruby, from Ruby to a guest, and from there back to Ruby; and of the parser, natively and as a
# guest.
#
#     rake -f ex2-parser/gem/Rakefile bench
#     rake -f ex2-parser/gem/Rakefile bench PAGE=page.html
#
# Prints a line of JSON for each case: its name, and the nanoseconds of one call in each sample. Every answer is asserted
# before it is timed. PAGE is a package page; without it a page is generated.
#
# Bias: each row includes Ruby's loop, also the first row, which has only a method call. There is no other Ruby thread, so
# that no call waits for the GVL.

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))

require "json"
require "ghcr_page"

SAMPLES = 30
# The minimum duration of a sample in seconds.
SAMPLE = 0.05

def nanoseconds
  Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
end

# Times a block that repeats its work as often as its argument says.
def measure(name)
  times = 1
  # Warms up, and finds the number of repetitions of a sample.
  times *= 2 while time(times) { |count| yield count } < SAMPLE * 1e9
  samples = Array.new(SAMPLES) { time(times) { |count| yield count }.fdiv(times).round(2) }
  puts JSON.generate(name: name, samples: samples, median: samples.sort[SAMPLES / 2])
  $stdout.flush
end

def time(times)
  start = nanoseconds
  yield times
  nanoseconds - start
end

def assert_equal(expected, found)
  raise "expected #{expected.inspect}, found #{found.inspect}" unless expected == found
end

def page
  return File.binread(ENV["PAGE"]) if ENV["PAGE"]

  workspace = File.expand_path("../../..", __dir__)
  IO.popen(%w[cargo run --quiet --package github --bin pages -- package], chdir: workspace, &:read).tap do
    abort "no page was generated: set PAGE to the file of one" unless $?.success?
  end
end

class Plain
  def nothing; end

  def add(one, two)
    one + two
  end
end

plain = Plain.new
guest = WasmHost::Instance.new(<<~WAT, { "host" => { "nothing" => -> {}, "add" => ->(one, two) { one + two } } })
  (module
    (import "host" "nothing" (func $nothing))
    (import "host" "add" (func $add (param i32 i32) (result i32)))
    (func (export "nothing"))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "proc") (call $nothing))
    (func (export "proc_add") (param i32 i32) (result i32) (call $add (local.get 0) (local.get 1))))
WAT
nothing, add, call_proc, proc_add = %w[nothing add proc proc_add].map { |name| guest.function(name) }
assert_equal([5, 5, 5], [plain.add(2, 3), add.call(2, 3), proc_add.call(2, 3)])

html = page
parser = GhcrPage::Guest.new
expected = GhcrPage.parse(html)
assert_equal(30, expected.daily.size)
assert_equal(expected, parser.parse(html))

measure("ruby method") { |times| times.times { plain.nothing } }
measure("ruby method, two numbers") { |times| times.times { plain.add(2, 3) } }
measure("ruby to wasm") { |times| times.times { nothing.call } }
measure("ruby to wasm, two numbers") { |times| times.times { add.call(2, 3) } }
measure("ruby to wasm, by name") { |times| times.times { guest.call("nothing") } }
measure("ruby to wasm to ruby") { |times| times.times { call_proc.call } }
measure("ruby to wasm to ruby, two numbers") { |times| times.times { proc_add.call(2, 3) } }
measure("GhcrPage.parse") { |times| times.times { GhcrPage.parse(html) } }
measure("GhcrPage::Guest#parse") { |times| times.times { parser.parse(html) } }

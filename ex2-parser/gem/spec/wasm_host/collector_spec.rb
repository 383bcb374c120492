# frozen_string_literal: true

RSpec.describe "The garbage collector" do
  it "marks procs that only an instance references, while its guest runs and after compaction" do
    guests = Array.new(20) { |number| instance_calling("(result i32)") { String.new("x" * number).size } }
    GC.start
    GC.compact if GC.respond_to?(:compact)
    expect(guests.map { |guest| guest.call("f") }).to eq((0...20).to_a)
  end

  # Only the instance references the proc that is made of a Method.
  it "marks the procs of several methods, with full GC.stress" do
    text = "(module #{%w[a b c].map { |name| "(import \"host\" \"#{name}\" (func $#{name} (param i32) (result i32)))" }.join}
              (func (export \"f\") (param i32) (result i32) (call $a (call $b (call $c (local.get 0))))))"
    compiled = WasmHost::Module.new(text)
    before = GC.stress
    GC.stress = true
    5.times do |number|
      guest = WasmHost::Instance.new(compiled, { host: { a: 1.method(:+), b: 2.method(:*), c: 3.method(:-) } })
      expect(guest.call("f", number)).to eq(1 + (2 * (3 - number)))
    end
  ensure
    GC.stress = before
  end

  it "marks the procs of methods in several threads", :slow do
    text = "(module #{%w[a b c].map { |name| "(import \"host\" \"#{name}\" (func $#{name} (param i32) (result i32)))" }.join}
              (func (export \"f\") (param i32) (result i32) (call $a (call $b (call $c (local.get 0))))))"
    compiled = WasmHost::Module.new(text)
    sums = Array.new(5) do
      Thread.new do
        2_000.times.sum do |number|
          guest = WasmHost::Instance.new(compiled, { host: { a: 1.method(:+), b: 2.method(:*), c: 3.method(:-) } })
          guest.call("f", number)
        end
      end
    end
    expect(sums.map(&:value)).to eq([2_000.times.sum { |number| 1 + (2 * (3 - number)) }] * 5)
  end

  it "updates references after compaction" do
    skip "this Ruby can't compact" unless GC.respond_to?(:compact)
    guests = Array.new(10) do |number|
      memory = WasmHost::Memory.new(minimum: 1)
      guest = instance('(import "js" "m" (memory 1)) (import "host" "f" (func $f (result i32)))
                        (func (export "f") (result i32) (call $f))',
                       { js: { m: memory }, host: { f: number.method(:succ) } })
      [guest, memory, guest.function("f")]
    end
    if GC.respond_to?(:verify_compaction_references)
      GC.verify_compaction_references(double_heap: true, toward: :empty) rescue GC.compact
    else
      GC.compact
    end
    expect(guests.map { |guest, memory, function| [guest.call("f"), memory.read(0, 1), function.call] })
      .to eq(Array.new(10) { |number| [number + 1, "\0", number + 1] })
  end

  it "can run in a proc" do
    guest = instance_calling("(result i64)") { Array.new(100) { |number| "#{number}" }.tap { GC.start }.sum(&:to_i) }
    expect(guest.call("f")).to eq(4950)
  end

  it "marks the instance of a function, a memory and a global" do
    text = '(memory (export "m") 1) (global (export "g") i32 (i32.const 7)) (func (export "f") (result i32) (i32.const 8))'
    held = Array.new(20) do
      guest = instance(text)
      [guest.memory("m"), guest.global("g"), guest.function("f")]
    end
    GC.start
    expect(held.map { |memory, global, function| [memory.read(0, 1), global.value, function.call] })
      .to all(eq(["\0", 7, 8]))
  end

  it "counts the memory of guests, and frees instances without references", :slow do
    script = <<~'RUBY'
      compiled = WasmHost::Module.new('(module (memory 1) (func (export "fill") (param i32)
        (drop (memory.grow (local.get 0)))
        (memory.fill (i32.const 0) (i32.const 1) (i32.mul (local.get 0) (i32.const 65536)))))')
      resident = -> { File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i >> 10 }
      before = resident.call
      40.times { WasmHost::Instance.new(compiled).call("fill", 32 << 4) }
      print resident.call - before
    RUBY
    skip "no /proc" unless File.exist?("/proc/self/status")
    grown = IO.popen([RbConfig.ruby, "-I", $LOAD_PATH.first, "-r", "wasm_host", "-e", script], &:read)
    # 40 instances have 1,280 MiB.
    expect(grown.to_i).to be < 300
  end

  it "gets the memory of a closed instance back at once", :slow do
    script = <<~'RUBY'
      GC.disable
      compiled = WasmHost::Module.new('(module (memory 512) (func (export "fill")
        (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x2000000))))')
      resident = -> { File.read("/proc/self/status")[/VmRSS:\s+(\d+)/, 1].to_i >> 10 }
      before = resident.call
      20.times { guest = WasmHost::Instance.new(compiled); guest.call("fill"); guest.close }
      print resident.call - before
    RUBY
    skip "no /proc" unless File.exist?("/proc/self/status")
    expect(IO.popen([RbConfig.ruby, "-I", $LOAD_PATH.first, "-r", "wasm_host", "-e", script], &:read).to_i).to be < 64
  end

  it "frees instances without references before the address space is exhausted", :slow do
    compiled = WasmHost::Module.new('(module (memory 1) (func (export "f") (result i32) (i32.const 1)))')
    expect((1..30_000).sum { WasmHost::Instance.new(compiled).call("f") }).to eq(30_000)
  end
end

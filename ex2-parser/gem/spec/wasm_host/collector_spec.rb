# frozen_string_literal: true

RSpec.describe "The garbage collector" do
  it "finds procs that only an instance holds, while its guest runs and after they moved" do
    guests = Array.new(20) { |number| handing_on("(result i32)") { String.new("x" * number).size } }
    GC.start
    GC.compact if GC.respond_to?(:compact)
    expect(guests.map { |guest| guest.call("f") }).to eq((0...20).to_a)
  end

  it "runs in a proc" do
    guest = handing_on("(result i64)") { Array.new(100) { |number| "#{number}" }.tap { GC.start }.sum(&:to_i) }
    expect(guest.call("f")).to eq(4950)
  end

  it "finds what a function, a memory and a global belong to" do
    text = '(memory (export "m") 1) (global (export "g") i32 (i32.const 7)) (func (export "f") (result i32) (i32.const 8))'
    held = Array.new(20) do
      guest = instance(text)
      [guest.memory("m"), guest.global("g"), guest.function("f")]
    end
    GC.start
    expect(held.map { |memory, global, function| [memory.read(0, 1), global.value, function.call] })
      .to all(eq(["\0", 7, 8]))
  end

  it "frees instances that nobody holds, before their address space runs out", :slow do
    compiled = WasmHost::Module.new('(module (memory 1) (func (export "f") (result i32) (i32.const 1)))')
    expect((1..30_000).sum { WasmHost::Instance.new(compiled).call("f") }).to eq(30_000)
  end
end

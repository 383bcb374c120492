# frozen_string_literal: true

RSpec.describe WasmHost::Function do
  add = '(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))'

  it "can be called often after one lookup" do
    function = instance(add).function("add")
    expect((1..100).sum { |number| function.call(number, 1) }).to eq(5150)
  end

  it "has a name, a signature and an arity" do
    function = instance(add).function(:add)
    expect([function.name, function.signature, function.arity]).to eq(["add", "(i32, i32) -> (i32)", 2])
    expect(function.inspect).to eq("#<WasmHost::Function add (i32, i32) -> (i32)>")
  end

  it "converts to a proc, which can be an import" do
    function = instance(add).function("add")
    expect([1, 2, 3].each_slice(2).map { |one, two = 0| function.to_proc.call(one, two) }).to eq([3, 3])
    host = instance(calling("(param i32 i32) (result i32)", "(local.get 0) (local.get 1)"), { host: { f: function.to_proc } })
    expect(host.call("f", 20, 22)).to eq(42)
  end

  it "keeps its instance alive" do
    function = instance(add).function("add")
    GC.start
    expect(function.call(1, 2)).to eq(3)
  end

  it "checks its arguments" do
    function = instance(add).function("add")
    expect { function.call(1) }.to raise_error(ArgumentError, /given 1, expected 2/)
    expect { function.call(1, "2") }.to raise_error(TypeError, /argument 2 of the export "add"/)
  end

  it "may be an import that the module exports again" do
    host = instance('(import "host" "f" (func $f (param i32) (result i32))) (export "f" (func $f))',
                    { host: { f: ->(number) { number + 1 } } })
    expect(host.function("f").call(1)).to eq(2)
    raising = instance('(import "host" "f" (func $f)) (export "f" (func $f))', { host: { f: -> { raise KeyError } } })
    expect { raising.function("f").call }.to raise_error(KeyError)
  end

  it "has no public constructor" do
    expect { described_class.new }.to raise_error(TypeError)
  end
end

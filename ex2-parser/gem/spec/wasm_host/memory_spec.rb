# frozen_string_literal: true

RSpec.describe WasmHost::Memory do
  def memory(pages = "1")
    instance("(memory (export \"memory\") #{pages}) (data (i32.const 3) \"h\\c3\\a9llo\")").memory("memory")
  end

  it "reads and writes bytes" do
    bytes = memory
    expect(bytes.read(3, 6)).to eq("h\xC3\xA9llo".b)
    expect(bytes.read(3, 6).encoding).to eq(Encoding::BINARY)
    expect(bytes.text(3, 6)).to eq("héllo")
    expect(bytes.write(65_534, "ab")).to eq(2)
    expect(bytes.read(65_533, 3)).to eq("\0ab")
    expect(bytes.read(65_536, 0)).to eq("")
    expect(bytes.write(65_536, "")).to eq(0)
  end

  it "checks every access, and writes nothing of a range that is partly outside" do
    bytes = memory
    [[65_536, 1], [65_535, 2], [0, 65_537], [2**32, 1], [2**64 - 1, 1], [0, 2**64 - 1], [2**64, 1], [-1, 1], [0, -1]]
      .each do |offset, length|
        expect { bytes.read(offset, length) }.to raise_error(IndexError, /out of the memory|outside of every memory/)
      end
    expect { bytes.write(65_535, "ab") }.to raise_error(IndexError, /2 bytes at offset 65535/)
    expect(bytes.read(65_535, 1)).to eq("\0")
    expect { bytes.read("0", 1) }.to raise_error(TypeError, /the offset is an Integer, not String/)
    expect { bytes.write(0, 1) }.to raise_error(TypeError)
  end

  it "refuses text that is not UTF-8" do
    expect { memory.text(4, 1) }.to raise_error(EncodingError, /not UTF-8/)
  end

  it "grows, and strings that were read before stay valid" do
    bytes = memory("1 3")
    before = bytes.read(3, 6)
    expect(bytes.grow(2)).to eq(1)
    expect([bytes.pages, bytes.size]).to eq([3, 3 << 16])
    bytes.write(3, "HELLO!")
    expect(before).to eq("h\xC3\xA9llo".b)
    expect(bytes.read(3 << 16, 0)).to eq("")
    expect { bytes.grow(1) }.to raise_error(WasmHost::LimitError, /no more room/)
    expect { bytes.grow(-1) }.to raise_error(IndexError)
    expect(bytes.grow(0)).to eq(3)
  end

  it "sees the guest's writes and its growth" do
    guest = instance('(memory (export "memory") 1)
                      (func (export "f") (drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 65536) (i32.const 33)))')
    bytes = guest.memory("memory")
    guest.call("f")
    expect(bytes.read(65_536, 1)).to eq("!")
  end

  describe "for an import" do
    text = '(import "js" "mem" (memory 1 2)) (func (export "f") (i32.store8 (i32.const 0) (i32.const 33)))'

    it "belongs to the first instance that imports it" do
      bytes = described_class.new(minimum: 1)
      expect { bytes.read(0, 1) }.to raise_error(WasmHost::Error, /belongs to no instance yet/)
      instance(text, { js: { mem: bytes } }).call("f")
      expect(bytes.read(0, 1)).to eq("!")
      expect { instance(text, { js: { mem: bytes } }) }.to raise_error(WasmHost::LinkError, /another instance/)
    end

    it "may be imported twice by one module" do
      bytes = described_class.new(minimum: 1)
      twice = instance('(import "js" "mem" (memory 1)) (import "host" "f" (func $f)) (func (export "f") (call $f))',
                       { js: { mem: bytes }, host: { f: -> { bytes.write(0, "x") } } })
      twice.call("f")
      expect(bytes.read(0, 1)).to eq("x")
    end

    it "has to fit the module's import, and can be imported elsewhere after a failure" do
      small = described_class.new(minimum: 0)
      expect { instance(text, { js: { mem: small } }) }.to raise_error(WasmHost::LinkError)
      expect { small.read(0, 0) }.to raise_error(WasmHost::Error, /no instance yet/)
      instance('(import "js" "mem" (memory 0))', { js: { mem: small } })
      expect(small.size).to eq(0)
      large = described_class.new(minimum: 1, maximum: 3)
      expect { instance(text, { js: { mem: large } }) }.to raise_error(WasmHost::LinkError)
    end

    it "checks its sizes" do
      expect { described_class.new(minimum: -1) }.to raise_error(ArgumentError, /minimum/)
      expect { described_class.new(minimum: 65_537) }.to raise_error(ArgumentError, /minimum/)
      expect { described_class.new(minimum: 2, maximum: 1) }.to raise_error(ArgumentError, /maximum/)
      huge = described_class.new(minimum: 65_536)
      expect { instance('(import "js" "mem" (memory 1))', { js: { mem: huge } }) }.to raise_error(WasmHost::LinkError)
    end
  end

  it "accepts long strings, and objects with to_str" do
    bytes = memory("4")
    long = Random.bytes(200_000)
    expect(bytes.write(7, long)).to eq(200_000)
    expect(bytes.read(7, 200_000)).to eq(long)
    expect(bytes.write(0, Struct.new(:to_str).new("text"))).to eq(4)
    expect(bytes.read(0, 4)).to eq("text")
  end

  it "accepts a part of a frozen string" do
    bytes = memory
    bytes.write(0, "a frozen string".freeze[2, 6])
    expect(bytes.read(0, 6)).to eq("frozen")
  end
end

# frozen_string_literal: true

RSpec.describe WasmHost::Module do
  text = '(module (import "env" "log" (func (param i32 f64) (result i64))) (import "env" "memory" (memory 1 2))
            (global (export "count") (mut i32) (i32.const 7)) (func (export "run")))'
  binary = "\0asm\x01\0\0\0".b

  it "compiles text" do
    expect(described_class.new(text).exports.map(&:name)).to eq(%w[count run])
  end

  it "compiles bytes" do
    expect(described_class.new(binary).exports).to eq([])
  end

  it "lists its imports and exports" do
    compiled = described_class.new(text)
    expect(compiled.imports.map(&:to_a)).to eq([["env", "log", :function, "(i32, f64) -> (i64)"],
                                                ["env", "memory", :memory, "1 to 2 pages"]])
    expect(compiled.exports.map(&:to_a)).to eq([["count", :global, "mut i32"], ["run", :function, "() -> ()"]])
    expect(compiled.inspect).to eq("#<WasmHost::Module imports 2, exports count, run>")
  end

  it "hides the globals and functions that are added for interrupts" do
    expect(described_class.new("(module)").exports).to eq([])
    expect(described_class.new("(module (func))").imports).to eq([])
    sections = "\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x01\0\x0a\x07\x01\x05\0\x03\x40\x0b\x0b".b
    expect(described_class.new(sections).exports).to eq([]) # An empty section of memories, and a loop.
  end

  it "reads files, and names the file in errors" do
    Dir.mktmpdir do |directory|
      path = File.join(directory, "a.wat")
      File.write(path, text)
      expect(described_class.load_file(path).exports.size).to eq(2)
      File.write(path, "(module")
      expect { described_class.load_file(path) }.to raise_error(WasmHost::CompileError, /a\.wat: .*expected `\)`/m)
      expect { described_class.load_file("#{path}.gone") }.to raise_error(Errno::ENOENT)
    end
  end

  it "refuses sources that are no module" do
    expect { described_class.new("") }.to raise_error(WasmHost::CompileError, /empty/)
    expect { described_class.new("hello") }.to raise_error(WasmHost::CompileError, /no Wat/)
    expect { described_class.new("\xff\xfe") }.to raise_error(WasmHost::CompileError, /no Wat/)
    expect { described_class.new("#{binary}\xff") }.to raise_error(WasmHost::CompileError, /can't be compiled/)
    expect { described_class.new("(module (func (result i32)))") }.to raise_error(WasmHost::CompileError)
    expect { described_class.new(nil) }.to raise_error(TypeError)
    expect { described_class.allocate }.to raise_error(TypeError)
  end

  it "gives a module no access to the globals and functions that are added for interrupts" do
    ["(func (result i32) global.get 0)", "(func call 1)", "(func (loop (local.set 0 (i32.const 0))))"].each do |function|
      # Wat with unknown indices can be assembled; only validation refuses it.
      expect { described_class.new("(module #{function})") }.to raise_error(WasmHost::CompileError, /unknown/)
    end
  end

  it "limits the time of compiling, in a forked process" do
    limited = ->(source, **options) { described_class.new(source, compile_limit: 1, **options) }
    expect(limited.(text).exports.map(&:name)).to eq(%w[count run])
    Dir.mktmpdir { |directory| expect(limited.(binary, cache: directory).exports).to eq([]) }
    expect { limited.("(module") }.to raise_error(WasmHost::CompileError, /expected `\)`/)
    # Each loop gives each local a new value, and the compiler's time grows faster than both.
    count = 5_000
    loops = (0...count).map { |number| "loop local.get #{number * 7 % count} i32.eqz local.tee #{number} br_if 0 " }
    bomb = "(module (func #{"(local i32)" * count} #{loops.join} #{"end " * count}))"
    expect { limited.(bomb) }.to raise_error(WasmHost::CompileError, /more than 1 s of processor time/)
  end

  it "limits the memory of compiling beyond what the program has already" do
    held = "held" * (WasmHost::Module::COMPILER_MEMORY / 4)
    expect(described_class.new(text, compile_limit: 10).exports.map(&:name)).to eq(%w[count run])
    expect(held.bytesize).to eq(WasmHost::Module::COMPILER_MEMORY)
  end

  it "compiles in a forked process", :slow do
    compile = -> { described_class.new('(module (func (param i32)) (func (result i32) i32.const 7))') }
    compile.call
    expect(IO.popen("-") { |io| io ? io.read : print(compile.call.exports) }).to eq("[]")
  end

  it "refuses shared memories, because a waiting guest could not be stopped" do
    expect { described_class.new("(module (memory 1 1 shared))") }.to raise_error(WasmHost::CompileError, /threads/)
  end

  it "caches compiled code in STATS_TRACKER_CACHE_DIR, and replaces damaged entries", :slow do
    script = <<~RUBY
      compiled = WasmHost::Module.new("(module (func (export \\"kept\\") (result i32) (i32.const 7)))", cache: true)
      print WasmHost::Instance.new(compiled).call("kept")
    RUBY
    Dir.mktmpdir do |directory|
      run = lambda do
        IO.popen([{ "STATS_TRACKER_CACHE_DIR" => directory }, RbConfig.ruby, "-I", $LOAD_PATH.first, "-r", "wasm_host",
                  "-e", script], &:read)
      end
      entries = -> { Dir[File.join(directory, "compiled-code", "*")] }
      expect(run.call).to eq("7")
      expect(entries.call.size).to eq(1)
      original = File.binread(entries.call.first)
      File.binwrite(entries.call.first, original[0..-2])
      expect(run.call).to eq("7")
      expect(File.binread(entries.call.first)).to eq(original)
    end
  end

  it "caches in a given directory" do
    Dir.mktmpdir do |directory|
      2.times do
        compiled = described_class.new("(module (func (export \"f\") (result i32) (i32.const 7)))", cache: directory)
        expect(WasmHost::Instance.new(compiled).call("f")).to eq(7)
        expect(Dir.children(directory).size).to eq(1)
      end
      # The code of an interruptible module is another entry.
      described_class.new("(module (func (export \"f\") (result i32) (i32.const 7)))", cache: Pathname(directory),
                                                                                     interruptible: false)
      expect(Dir.children(directory).size).to eq(2)
    end
    expect { described_class.new("(module)", cache: 1) }.to raise_error(TypeError, /cache: is true, false or a directory/)
  end

  it "caches nothing by default", :slow do
    Dir.mktmpdir do |directory|
      script = 'WasmHost::Instance.new("(module)"); GhcrPage::Guest'
      system({ "STATS_TRACKER_CACHE_DIR" => directory }, RbConfig.ruby, "-I", $LOAD_PATH.first, "-r", "wasm_host", "-r",
             "ghcr_page", "-e", script, exception: true)
      expect(Dir.children(directory)).to eq([])
    end
  end
end

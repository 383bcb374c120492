# frozen_string_literal: true

RSpec.describe WasmHost::Program do
  # Copies standard input to standard output, by up to 60,000 bytes at a time.
  cat = <<~TEXT
    (func (export "_start") (local $read i32)
      (loop $more
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.const 60000))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (local.set $read (i32.load (i32.const 8)))
        (if (local.get $read) (then
          (call $write (i32.const 1) (i32.const 1024) (local.get $read))
          (br $more)))))
  TEXT

  it "reads and writes strings" do
    copy = program(cat)
    result = copy.run(stdin: "héllo\n")
    expect([result.exit_code, result.stdout, result.stderr]).to eq([0, "héllo\n".b, ""])
    expect(result).to be_success
    expect(copy.run.stdout).to eq("")
    bytes = Random.bytes(300_000)
    expect(copy.run(stdin: bytes).stdout).to eq(bytes)
  end

  it "returns both output streams and the exit code" do
    result = program('(data (i32.const 100) "outerr")
                      (func (export "_start")
                        (call $write (i32.const 1) (i32.const 100) (i32.const 3))
                        (call $write (i32.const 2) (i32.const 103) (i32.const 3))
                        (call $proc_exit (i32.const 3)))').run
    expect(result.to_a).to eq([3, "out", "err"])
    expect(result).not_to be_success
  end

  it "gets its name and its arguments" do
    text = '(func (export "_start")
              (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
              (drop (call $args_get (i32.const 32) (i32.const 100)))
              (call $write (i32.const 1) (i32.const 100) (i32.load (i32.const 20))))'
    expect(program(text).run("one", "zwei ß").stdout).to eq("program\0one\0zwei ß\0".b)
    expect { program(text).run("one\0two") }.to raise_error(ArgumentError, /zero byte/)
    expect { program(text).run(1) }.to raise_error(TypeError)
  end

  it "is stopped when it traps" do
    text = '(data (i32.const 100) "said before") (func (export "_start") (call $write (i32.const 2) (i32.const 100) (i32.const 11)) unreachable)'
    expect { program(text).run }.to raise_error(WasmHost::Trap, /unreachable.*said before/)
    expect { program('(func $f (export "_start") (call $f))').run }.to raise_error(WasmHost::Trap, /stack/)
  end

  it "is stopped at its time limit, also while it sleeps", :slow do
    expect { program('(func (export "_start") (loop (br 0)))').run(time_limit: 0.1) }.to raise_error(WasmHost::TimedOut)
    # A sleep of an hour.
    asleep = program('(func (export "_start")
                        (i32.store (i32.const 116) (i32.const 1))
                        (i64.store (i32.const 124) (i64.const 3600000000000))
                        (drop (call $poll_oneoff (i32.const 100) (i32.const 200) (i32.const 1) (i32.const 300))))')
    expect { asleep.run(time_limit: 0.1) }.to raise_error(WasmHost::TimedOut)
  end

  it "is stopped at its output limit" do
    endless = program('(func (export "_start") (loop (call $write (i32.const 1) (i32.const 1000) (i32.const 60000)) (br 0)))')
    expect { endless.run(output_limit: 1 << 20, time_limit: 600) }.to raise_error(WasmHost::LimitError, /more than 1048576 bytes/)
    expect(program(cat).run(stdin: "12345", output_limit: 5).stdout).to eq("12345")
    expect { program(cat).run(stdin: "123456", output_limit: 5) }.to raise_error(WasmHost::LimitError)
  end

  it "can't grow its memory past the limit" do
    grow = program('(func (export "_start") (call $proc_exit (memory.grow (i32.const 100))))')
    expect(grow.run(memory_limit: 16 << 20).exit_code).to eq(2)
    expect(grow.run(memory_limit: 1 << 20).exit_code).not_to eq(2)
    expect { grow.run(memory_limit: 65_536) }.to raise_error(WasmHost::LinkError)
  end

  it "has to be a WASI command without other imports" do
    expect { described_class.new("(module)").run }.to raise_error(WasmHost::LinkError)
    expect { program("").run }.to raise_error(WasmHost::LinkError, /_start/)
    unknown = described_class.new('(module (import "env" "x" (func)) (memory (export "memory") 1) (func (export "_start")))')
    expect { unknown.run }.to raise_error(WasmHost::LinkError)
  end

  # In Valgrind there is no address space for that many memories at once.
  it "runs in several threads at once, and lets others run", valgrind: false do
    copy = program(cat)
    outputs = Array.new(4) { |number| Thread.new { copy.run(stdin: number.to_s).stdout } }.map(&:value)
    expect(outputs).to eq(%w[0 1 2 3])
  end

  it "ends when its thread is killed" do
    endless = program('(func (export "_start") (loop (br 0)))')
    thread = Thread.new { endless.run(time_limit: nil) }
    Thread.pass until thread.stop? || !thread.alive?
    thread.kill
    expect(thread.join(60)).to be(thread)
  end
end

# frozen_string_literal: true

# Ruby's threads, signals and exceptions while a guest runs.
RSpec.describe "A running guest" do
  # A guest that calls a proc once and then loops forever.
  def spinning(running, **limits)
    instance('(import "host" "runs" (func $runs)) (memory (export "memory") 1)
              (func (export "spin") (call $runs) (loop (br 0)))', { host: { runs: -> { running << true } } }, **limits)
  end

  # Yields a thread in which a guest loops, and makes sure that the thread ends.
  def in_thread(**limits)
    running = Queue.new
    thread = Thread.new { spinning(running, time_limit: nil, **limits).call("spin") }
    thread.report_on_exception = false
    running.pop
    yield thread
  ensure
    thread&.kill
    raise "the guest didn't end" unless thread.nil? || ended(thread)
  end

  def ended(thread)
    thread.join(60)
  rescue StandardError
    true
  end

  it "lets other threads run" do
    in_thread do |thread|
      # If the guest held the GVL, this thread would not run.
      expect((1..1000).sum).to eq(500_500)
      expect(instance('(func (export "f") (result i32) (i32.const 7))').call("f")).to eq(7)
      expect(thread).to be_alive
    end
  end

  # Ruby's time slice is a tenth of a second: after releasing the GVL beside a busy thread a call waits that long for it.
  # With GC.stress no call is short.
  it "keeps the GVL during short calls, also beside a busy thread", :slow do
    calls = turns = seen = 0
    # The busy thread counts how often this thread has made calls since the busy thread's last time slice.
    busy = Thread.new do
      loop do
        turns += 1 if seen != calls
        seen = calls
      end
    end
    guest = instance_calling("(result i32)") { 7 }
    Thread.pass
    until calls == 1_000 || turns == 10
      guest.call("f")
      calls += 1
    end
    # All calls together take one or two time slices. If they released the GVL, the busy thread would run between them.
    expect(turns).to be < 10
  ensure
    busy.kill
  end

  it "releases the GVL at once with release_gvl" do
    running = Queue.new
    guest = WasmHost::Instance.new('(module (func (export "f") (param i32) (local i32)
      (loop (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if 0 (i32.lt_u (local.get 1) (local.get 0))))))',
                                   {}, release_gvl: true, time_limit: nil)
    thread = Thread.new { running << true; guest.call("f", -1) }
    running.pop
    Thread.pass until thread.stop?
    expect(thread).to be_alive
  ensure
    thread&.kill&.join
  end

  it "ends by Thread#kill" do
    in_thread { |thread| expect(thread.kill.join(60)).to be(thread) }
  end

  it "ends by Thread#raise, with that exception" do
    in_thread do |thread|
      thread.raise(KeyError, "from outside")
      expect { thread.join(60) }.to raise_error(KeyError, "from outside")
    end
  end

  it "ends by Timeout" do
    expect { Timeout.timeout(0.1) { spinning([], time_limit: nil).call("spin") } }.to raise_error(Timeout::Error)
  end

  it "runs ensure blocks when its thread is killed" do
    done = Queue.new
    running = Queue.new
    thread = Thread.new do
      spinning(running, time_limit: nil).call("spin")
    ensure
      done << true
    end
    running.pop
    thread.kill.join
    expect(done.size).to eq(1)
  end

  it "isn't ended by an exception that handle_interrupt defers" do
    running = Queue.new
    limit = 0.3
    thread = Thread.new do
      Thread.handle_interrupt(KeyError => :never) do
        spinning(running, time_limit: limit).call("spin")
      rescue WasmHost::TimedOut
        :went_on
      end
    end
    thread.report_on_exception = false
    running.pop
    thread.raise(KeyError, "put off")
    expect { thread.value }.to raise_error(KeyError, "put off")
  end

  it "continues after a signal whose handler returns, and ends by a handler that raises" do
    handled = Queue.new
    before = trap("USR1") { handled << true }
    count = instance('(import "host" "signal" (func $signal))
                      (func (export "f") (result i32) (local i32) (call $signal)
                        (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                              (br_if 0 (i32.lt_u (local.get 0) (i32.const 20000000)))) (local.get 0))',
                     { host: { signal: -> { Process.kill("USR1", Process.pid) } } }, time_limit: nil)
    expect(count.call("f")).to eq(20_000_000)
    expect(handled.size).to eq(1)
    trap("USR1") { raise KeyError, "from a handler" }
    signaller = Thread.new { sleep 0.05; Process.kill("USR1", Process.pid) }
    expect { spinning([], time_limit: nil).call("spin") }.to raise_error(KeyError, "from a handler")
    signaller.join
  ensure
    trap("USR1", before || "DEFAULT")
  end

  it "has exclusive access to its instance" do
    running = Queue.new
    guest = spinning(running, time_limit: nil)
    memory = guest.memory("memory")
    thread = Thread.new { guest.call("spin") }
    running.pop
    # The instance is busy again when the proc has returned.
    Thread.pass until busy?(memory)
    expect { guest.call("spin") }.to raise_error(WasmHost::BusyError, /an instance of its own/)
    expect { memory.write(0, "x") }.to raise_error(WasmHost::BusyError)
    thread.kill.join
    expect(memory.read(0, 1)).to eq("\0")
  end

  def busy?(memory)
    memory.size
    false
  rescue WasmHost::BusyError
    true
  end

  it "can't be called by a thread that its proc starts" do
    guest = instance_calling("(result i32)") do
      Thread.new { guest.call("f") }.tap { |thread| thread.report_on_exception = false }.join
    end
    expect { guest.call("f") }.to raise_error(WasmHost::BusyError)
  end

  it "can be called by one thread after another" do
    guest = instance('(global $n (mut i32) (i32.const 0))
                      (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n))')
    expect(Array.new(5) { Thread.new { guest.call("next") }.value }).to eq([1, 2, 3, 4, 5])
  end

  it "works in a forked process", :slow do
    guest = instance_calling("(result i32)") { 7 }
    guest.call("f")
    expect(IO.popen("-") { |io| io ? io.read : print(guest.call("f") + instance('(func (export "g") (result i32) (i32.const 1))').call("g")) })
      .to eq("8")
  end

  it "is refused to another Ractor", :slow do
    before = Warning[:experimental]
    Warning[:experimental] = false
    ractor = Ractor.new do
      WasmHost::Module.new("(module)")
    rescue StandardError => error
      error.class.name
    end
    expect(ractor.take).to eq("Ractor::UnsafeError")
    expect { Ractor.new(instance("")) { |guest| guest.call("f") }.take }.to raise_error(StandardError)
    expect { Ractor.make_shareable(instance("")) }.to raise_error(Ractor::Error)
  ensure
    Warning[:experimental] = before
  end

  it "is ended by Ctrl-C, with the process", :slow do
    script = <<~'RUBY'
      spin = WasmHost::Instance.new('(module (import "host" "runs" (func $runs)) (func (export "f") (call $runs) (loop (br 0))))',
                                    { host: { runs: -> { $stdout.puts("runs"); $stdout.flush } } }, time_limit: nil)
      begin
        spin.call("f")
      rescue Interrupt
        puts "interrupted"
      end
    RUBY
    IO.popen([RbConfig.ruby, "-I", $LOAD_PATH.first, "-r", "wasm_host", "-e", script]) do |io|
      expect(io.gets).to eq("runs\n")
      Process.kill("INT", io.pid)
      expect(io.gets).to eq("interrupted\n")
    end
  end

  it "doesn't prevent the process from ending", :slow do
    script = <<~'RUBY'
      spin = WasmHost::Instance.new('(module (func (export "f") (loop (br 0))))', {}, time_limit: nil)
      thread = Thread.new { spin.call("f") }
      Thread.pass until thread.stop?
      puts "end"
    RUBY
    expect(IO.popen([RbConfig.ruby, "-I", $LOAD_PATH.first, "-r", "wasm_host", "-e", script], &:read)).to eq("end\n")
  end
end

# frozen_string_literal: true

RSpec.describe WasmHost::Instance do
  describe "calls" do
    it "take and return numbers" do
      math = instance('(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
                       (func (export "mul") (param i64 i64) (result i64) (i64.mul (local.get 0) (local.get 1)))
                       (func (export "half") (param f32) (result f32) (f32.div (local.get 0) (f32.const 2)))
                       (func (export "root") (param f64) (result f64) (f64.sqrt (local.get 0)))
                       (func (export "swap") (param i32 f64) (result f64 i32) (local.get 1) (local.get 0))
                       (func (export "nothing"))')
      expect(math.call("add", 2, 3)).to eq(5)
      expect(math.call(:add, 2**31 - 1, 1)).to eq(-2**31)
      expect(math.call("mul", 2**40, 2**20)).to eq(2**60)
      expect(math.call("half", 3)).to eq(1.5)
      expect(math.call("root", 2.0)).to eq(Math.sqrt(2))
      expect(math.call("swap", 1, 2.5)).to eq([2.5, 1])
      expect(math.call("nothing")).to be_nil
    end

    it "take signed and unsigned integers, and refuse those that don't fit" do
      same = instance('(func (export "i") (param i32) (result i32) (local.get 0))
                       (func (export "l") (param i64) (result i64) (local.get 0))')
      expect(same.call("i", 2**32 - 1)).to eq(-1)
      expect(same.call("l", 2**64 - 1)).to eq(-1)
      expect(same.call("l", -2**63)).to eq(-2**63)
      [["i", 2**32], ["i", -2**31 - 1], ["i", 2**80], ["l", 2**64], ["l", -2**63 - 1]].each do |name, number|
        expect { same.call(name, number) }.to raise_error(RangeError, /doesn't fit/)
      end
    end

    it "refuse arguments of another type, and name the argument" do
      add = instance('(func (export "add") (param i32 f32))')
      expect { add.call("add", 1) }.to raise_error(ArgumentError, /"add", \(i32, f32\) -> \(\) \(given 1, expected 2\)/)
      expect { add.call("add", 1, 2, 3) }.to raise_error(ArgumentError)
      expect { add.call }.to raise_error(ArgumentError, /name the export/)
      expect { add.call("add", 1.0, 1) }.to raise_error(TypeError, /argument 1 .* i32 is an Integer in Ruby, not Float/)
      expect { add.call("add", 1, "2") }.to raise_error(TypeError, /argument 2 .*not String/)
      expect { add.call("add", nil, 1) }.to raise_error(TypeError, /not NilClass/)
    end

    it "list the module's exports when there is no such export" do
      one = instance('(func (export "one")) (memory (export "two") 1)')
      expect { one.call("tow") }.to raise_error(WasmHost::ExportError, 'the module exports no "tow"; it exports "one", "two"')
      expect { one.call("two") }.to raise_error(WasmHost::ExportError, /"two" is a memory, not a function/)
      expect { one.memory("one") }.to raise_error(WasmHost::ExportError, /is a function, not a memory/)
      expect { one.global("one") }.to raise_error(WasmHost::ExportError, /is a function, not a global/)
      expect { instance("").call("one") }.to raise_error(WasmHost::ExportError, /it exports nothing/)
    end

    it "refuse types that Ruby has no counterpart for" do
      reference = instance('(func (export "f") (param externref)) (func (export "g") (result funcref) (ref.null func))')
      expect { reference.call("f", 1) }.to raise_error(TypeError, /no counterpart/)
      expect { reference.call("g") }.to raise_error(TypeError, /no counterpart/)
    end
  end

  describe "imports" do
    it "are procs that take and return numbers" do
      seen = nil
      host = instance_calling("(param i32 i64 f32 f64) (result i64)",
                        "(local.get 0) (local.get 1) (local.get 2) (local.get 3)") do |*numbers|
        seen = numbers
        2**63
      end
      expect(host.call("f", -1, 2**62, 0.5, 0.25)).to eq(-2**63)
      expect(seen).to eq([-1, 2**62, 0.5, 0.25])
    end

    it "are methods, and are found by symbols" do
      host = instance(calling("(param i32) (result i32)", "(local.get 0)"), { host: { f: 5.method(:+) } })
      expect(host.call("f", 2)).to eq(7)
    end

    it "return several numbers as an array" do
      host = instance_calling("(result i32 f64)") { [1, 2.5] }
      expect(host.call("f")).to eq([1, 2.5])
    end

    it "have to return the types of the import" do
      expect { instance_calling("(result i32)") { nil }.call("f") }
        .to raise_error(TypeError, /the proc of the import "host" "f" returned: an i32 is an Integer in Ruby, not NilClass/)
      expect { instance_calling("(result i32)") { 2**32 }.call("f") }.to raise_error(RangeError, /"host" "f" returned/)
      expect { instance_calling("(result i32 i32)") { 1 }.call("f") }.to raise_error(TypeError, /an array of 2 numbers/)
      expect { instance_calling("(result i32 i32)") { [1] }.call("f") }.to raise_error(TypeError, /an array of 2 numbers/)
      expect(instance_calling("") { "whatever" }.call("f")).to be_nil
    end

    it "have to take as many arguments as the import has" do
      body = calling("(param i32 i32)", "(local.get 0) (local.get 1)")
      link = ->(callable) { instance(body, { "host" => { "f" => callable } }) }
      [->(_a, _b) {}, ->(_a, _b = 1) {}, ->(*) {}, ->(_a, *) {}, proc { |_a, _b| }, proc { |*_a| }, method(:puts)].each do |fit|
        expect(link.call(fit)).to be_a(described_class)
      end
      [-> {}, ->(_a) {}, ->(_a, _b, _c) {}, ->(_a, _b, c:) { c }, proc { |_a| }, proc {}, 1.method(:+)].each do |unfit|
        expect { link.call(unfit) }.to raise_error(WasmHost::LinkError, /"host" "f" .* doesn't take 2 arguments/)
      end
    end

    it "must not be missing, and the message shows how to pass them" do
      expect { instance(calling("(param i32 i32)", "(local.get 0) (local.get 1)")) }
        .to raise_error(WasmHost::LinkError, /function "host" "f" \(\(i32, i32\) -> \(\)\).*\{"host" => \{"f" => ->\(a, b\)/)
      expect { instance('(import "js" "mem" (memory 3))', { "js" => {} }) }
        .to raise_error(WasmHost::LinkError, /WasmHost::Memory\.new\(minimum: 3\)/)
    end

    it "have to be of the import's kind" do
      expect { instance(calling(""), { "host" => { "f" => 1 } }) }
        .to raise_error(WasmHost::LinkError, /is a function, and was handed Integer: a proc or a method is wanted/)
      expect { instance('(import "js" "mem" (memory 1))', { "js" => { "mem" => -> {} } }) }
        .to raise_error(WasmHost::LinkError, /a WasmHost::Memory is wanted/)
      expect { instance(calling(""), { "host" => -> {} }) }.to raise_error(TypeError, /a Hash of names/)
      expect { instance(calling("(param externref)", "(local.get 0)"), { "host" => { "f" => ->(_) {} } }) }
        .to raise_error(WasmHost::LinkError, /externref/)
      expect { instance('(import "a" "t" (table 1 funcref))', { "a" => { "t" => 1 } }) }
        .to raise_error(WasmHost::LinkError, /can't provide/)
    end

    it "may be constants" do
      text = '(import "env" "base" (global $base i64)) (func (export "base") (result i64) (global.get $base))'
      expect(instance(text, { env: { base: 2**62 } }).call("base")).to eq(2**62)
      expect { instance(text, { env: { base: 0.5 } }) }.to raise_error(TypeError, /"env" "base"/)
      expect { instance('(import "env" "base" (global (mut i32)))', { env: { base: 1 } }) }
        .to raise_error(WasmHost::LinkError, /can change/)
    end
  end

  describe "a guest that traps or exceeds a limit" do
    # Each kind of trap, and code that causes it.
    traps = {
      unreachable: "unreachable",
      integer_division_by_zero: "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
      integer_overflow: "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
      bad_conversion_to_integer: "(drop (i32.trunc_f32_s (f32.const nan)))",
      memory_out_of_bounds: "(drop (i32.load (i32.const 65536)))",
      table_out_of_bounds: "(call_indirect (i32.const 9))",
      indirect_call_to_null: "(call_indirect (i32.const 0))",
      stack_overflow: "(call $f)"
    }
    traps.each do |code, body|
      # Valgrind reports how an access beyond a memory is noticed: it hits a page that may not be read.
      it "is stopped: #{code}", valgrind: code != :memory_out_of_bounds do
        wrong = instance("(memory 1) (table 1 funcref) (func $f (export \"f\") #{body}) (func (export \"after\"))")
        expect { wrong.call("f") }.to raise_error(WasmHost::Trap) { |trap| expect(trap.code).to eq(code) }
        expect(wrong.call("after")).to be_nil
      end
    end

    it "has its stack frames in the message" do
      wrong = instance('(func $inner unreachable) (func $outer (export "f") (call $inner))')
      expect { wrong.call("f") }.to raise_error(WasmHost::Trap, /stopped: unreachable.*in inner.*in outer/m)
    end

    it "is stopped in its start function" do
      expect { instance("(func $f unreachable) (start $f)") }.to raise_error(WasmHost::Trap)
      expect { instance("(func $f (loop (br 0))) (start $f)", time_limit: 0.05) }.to raise_error(WasmHost::TimedOut)
    end

    # Code that never returns.
    loops = {
      "an empty loop" => "(loop (br 0))",
      "a loop in a loop" => "(loop (loop (br 0)) (br 0))",
      "a loop over calls" => "(loop (call $leaf) (br 0))",
      "a tree of calls" => "(call $tree (i32.const 60))",
      "filling" => "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x100000)) (br 0))",
      "copying" => "(loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 0xfffff)) (br 0))",
      "growing by nothing" => "(loop (drop (memory.grow (i32.const 0))) (br 0))",
      "growing without end" => "(loop (drop (memory.grow (i32.const 1))) (br 0))"
    }
    loops.each do |name, body|
      it "ends at its time limit: #{name}" do
        endless = instance("(memory 16) (func $leaf)
                            (func $tree (param i32) (if (local.get 0) (then
                              (call $tree (i32.sub (local.get 0) (i32.const 1)))
                              (call $tree (i32.sub (local.get 0) (i32.const 1))))))
                            (func (export \"f\") #{body}) (func (export \"after\"))", time_limit: 0.1)
        expect { endless.call("f") }.to raise_error(WasmHost::TimedOut, /not done within 0\.1 s/)
        expect(endless.call("after")).to be_nil
      end
    end

    it "ends at its time limit without a memory, and with an imported memory" do
      expect { instance('(func (export "f") (loop (br 0)))', time_limit: 0.05).call("f") }
        .to raise_error(WasmHost::TimedOut)
      memory = WasmHost::Memory.new(minimum: 1)
      endless = instance('(import "js" "mem" (memory 1)) (func (export "f") (loop (br 0)))', { js: { mem: memory } },
                         time_limit: 0.05)
      expect { endless.call("f") }.to raise_error(WasmHost::TimedOut)
    end

    # In Valgrind the code of this loop is compiled for a quarter of an hour.
    it "ends at its time limit in a loop whose body takes long", valgrind: false do
      long = [["i64.div_u (i64.const -1) (", 20_000], ["local.get 0", 1], [")", 20_000]]
      divisions = long.map { |text, times| text * times }.join
      # These iterations take some seconds. If each counted as one unit of fuel, all of them would run between two polls.
      endless = instance("(func (export \"f\") (param i64) (local i32)
                            (loop (local.set 0 (i64.or (i64.const 1) (#{divisions})))
                                  (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                                  (br_if 0 (i32.lt_u (local.get 1) (i32.const 9000)))))", time_limit: 0.05)
      expect { endless.call("f", 3) }.to raise_error(WasmHost::TimedOut)
    end

    it "can run many iterations without a time limit" do
      turns = instance('(func (export "turns") (param i32) (result i32) (local i32)
                          (loop (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                                (br_if 0 (i32.lt_u (local.get 1) (local.get 0)))) (local.get 1))', time_limit: nil)
      expect(turns.call("turns", 1_000_000)).to eq(1_000_000)
    end

    it "can't grow its memory past the limit" do
      grow = instance('(memory (export "memory") 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))',
                      memory_limit: 4 << 16)
      expect(grow.call("grow", 3)).to eq(1)
      expect(grow.call("grow", 1)).to eq(-1)
      expect { instance("(memory 5)", memory_limit: 4 << 16) }.to raise_error(WasmHost::LinkError, /memory/)
      expect { instance("(table 2000000 funcref)") }.to raise_error(WasmHost::LinkError, /table/)
    end

    it "checks its limits" do
      [0, -1, Float::NAN, Float::INFINITY].each do |limit|
        expect { instance("", time_limit: limit) }.to raise_error(ArgumentError, /time_limit/)
      end
      expect { instance("", memory_limit: -1) }.to raise_error(RangeError)
    end
  end

  describe "a proc" do
    it "that raises ends the call with the same exception" do
      raised = Class.new(StandardError).new("mine")
      host = instance_calling("") { raise raised }
      expect { host.call("f") }.to raise_error { |error| expect(error).to be(raised) }
      expect { host.call("f") }.to raise_error(raised.class, "mine")
    end

    it "that raises in a start function ends the start function" do
      text = '(import "host" "f" (func $f)) (start $f)'
      expect { instance(text, { host: { f: -> { raise KeyError, "early" } } }) }.to raise_error(KeyError, "early")
    end

    it "may raise exceptions that are no StandardError" do
      expect { instance_calling("") { exit 3 }.call("f") }.to raise_error(SystemExit) { |error| expect(error.status).to eq(3) }
      expect { instance_calling("") { raise Interrupt }.call("f") }.to raise_error(Interrupt)
    end

    it "may throw and break" do
      host = instance_calling("") { throw :done, 7 }
      expect(catch(:done) { host.call("f") }).to eq(7)
      expect(left_by_break).to eq(9)
      expect(left_by_return).to eq(8)
      expect { made_where_nothing_waits.call("f") }.to raise_error(LocalJumpError)
    end

    # Calls the block through a guest.
    def through_a_guest(&block)
      instance(calling(""), { "host" => { "f" => block } }).call("f")
      :returned
    end

    def left_by_break
      through_a_guest { break 9 }
    end

    def left_by_return
      through_a_guest { return 8 }
      :not_left
    end

    # An instance whose proc breaks from a method that has returned.
    def made_where_nothing_waits
      instance_calling("") { break }
    end

    it "may use the memory and the exports of the instance that called it" do
      guest = nil
      guest = instance('(import "host" "f" (func $f (param i32) (result i32))) (memory (export "memory") 1)
                        (func (export "f") (param i32) (result i32) (call $f (local.get 0)))
                        (func (export "double") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))',
                       { host: { f: lambda { |number|
                         guest.memory("memory").write(0, number.to_s)
                         number.zero? ? 1 : guest.call("double", guest.call("f", number - 1))
                       } } })
      expect(guest.call("f", 10)).to eq(1024)
      expect(guest.memory("memory").read(0, 1)).to eq("0")
    end

    it "may use other instances and their memories" do
      one = instance('(memory (export "memory") 1)')
      two = instance_calling("(result i32)") { one.memory("memory").read(0, 1).ord }
      three = instance_calling("(result i32)") { two.call("f") + 1 }
      one.memory("memory").write(0, "A")
      expect(three.call("f")).to eq(66)
    end

    it "that calls its guest recursively without end is stopped before the stack overflows", :slow do
      guest = nil
      guest = instance_calling("") { guest.call("f") }
      expect { guest.call("f") }.to raise_error(SystemStackError, /50 deep/)
      expect { Thread.new { guest.call("f") }.tap { |thread| thread.report_on_exception = false }.join }
        .to raise_error(SystemStackError)
    end

    it "that recurses in Ruby without end is stopped by Ruby", :slow do
      recurse = ->(depth) { recurse.call(depth + 1) }
      host = instance_calling("") { recurse.call(0) }
      expect { host.call("f") }.to raise_error(SystemStackError)
      expect { host.call("f") }.to raise_error(SystemStackError)
    end

    it "counts for the call's time limit, also where the guest ends right after it" do
      host = instance('(import "host" "f" (func $f)) (func (export "f") (call $f) (loop (br 0)))
                       (func (export "short") (call $f))',
                      { host: { f: -> { sleep 0.1 } } }, time_limit: 0.1)
      expect { host.call("f") }.to raise_error(WasmHost::TimedOut)
      expect { host.call("short") }.to raise_error(WasmHost::TimedOut)
    end
  end

  describe "fibers" do
    # A guest whose proc yields its fiber, and returns the number with which the fiber is resumed.
    def leaving
      instance_calling("(param i32) (result i32)", "(local.get 0)") { |number| Fiber.yield(number) }
    end

    it "may call a guest" do
      guest = instance_calling("(result i32)") { 7 }
      expect(Fiber.new { guest.call("f") }.resume).to eq(7)
    end

    it "may use other instances while a proc runs" do
      other = instance('(func (export "f") (result i32) (i32.const 7))')
      guest = instance_calling("(result i32)") { Fiber.new { other.call("f") }.resume }
      expect(guest.call("f")).to eq(7)
    end

    it "may be left in a proc and resumed" do
      guest = instance_calling("(result i32)") { Fiber.yield(1) + 1 }
      fiber = Fiber.new { guest.call("f") }
      expect(fiber.resume).to eq(1)
      expect { guest.call("f") }.to raise_error(WasmHost::BusyError)
      expect(fiber.resume(41)).to eq(42)
    end

    it "may interleave their guests in any order, and each guest may trap" do
      trapping = instance("#{calling("(param i32) (result i32)", "(local.get 0)")}
                           (func (export \"g\") (param i32) (result i32) (drop (call $f (local.get 0))) unreachable)",
                          { host: { f: ->(number) { Fiber.yield(number) } } })
      fibers = Array.new(6) do |number|
        guest = leaving
        Fiber.new { guest.call("f", number) + guest.call("f", number) }
      end
      fibers << Fiber.new { trapping.call("g", 6) }
      expect(fibers.map(&:resume)).to eq([0, 1, 2, 3, 4, 5, 6])
      expect { fibers.pop.resume(0) }.to raise_error(WasmHost::Trap)
      expect(fibers.map { |fiber| fiber.resume(10) }).to eq([0, 1, 2, 3, 4, 5])
      expect(fibers.rotate(2).map { |fiber| fiber.resume(20) }).to eq([30] * 6)
    end

    it "may interleave nested calls, exceptions and time limits" do
      inner = leaving
      outer = instance_calling("(param i32) (result i32)", "(local.get 0)") { |number| inner.call("f", number) + 1 }
      late = instance_calling("", time_limit: 0.05) { Fiber.yield }
      first = Fiber.new { late.call("f") }
      second = Fiber.new { outer.call("f", 1) }
      third = Fiber.new { leaving.call("f", 2) }
      [first, second, third].each(&:resume)
      expect(second.resume(5)).to eq(6)
      sleep 0.06
      expect { first.resume }.to raise_error(WasmHost::TimedOut)
      expect { third.resume("no number") }.to raise_error(TypeError)
    end

    it "that are abandoned in a proc do not block other calls", :slow do
      instances = []
      30.times do
        guest = leaving
        instances << guest
        numbers = Enumerator.new do |found|
          instance_calling("(param i32) (result i32)", "(local.get 0)") { |number| found.yield(number) }.call("f", 3)
        end
        expect(numbers.next).to eq(3)
        Fiber.new { guest.call("f", 1) }.resume
        expect(instance_calling("(result i32)") { 7 }.call("f")).to eq(7)
      end
      threads = Dir.children("/proc/self/task").size if File.directory?("/proc/self/task")
      GC.start
      instance('(func (export "f"))').call("f")
      # The garbage collector doesn't free all of the fibers, because some are still on the stack. The instances of the
      # others can be used.
      free = instances.count { |guest| Fiber.new { guest.call("f", 1) }.resume rescue nil }
      expect(free).to be > 15
      GC.start
      expect(Dir.children("/proc/self/task").size).to be < [threads, 40].max if threads
    end

    it "may clear their fiber-local variables" do
      guest = instance_calling("(result i32)") do
        Thread.current.keys.each { |key| Thread.current[key] = nil }
        GC.start
        instance('(func (export "f") (result i32) (i32.const 7))').call("f")
      end
      expect(guest.call("f")).to eq(7)
    end

    it "of a scheduler run while other fibers' procs sleep" do
      # A scheduler without real time: the fiber with the shortest sleep is resumed first.
      scheduler = Class.new do
        def initialize = @waiting = []
        def fiber(&block) = Fiber.new(blocking: false, &block).tap(&:resume)
        def block(*) = raise(NotImplementedError)
        def unblock(*) = raise(NotImplementedError)
        def io_wait(*) = raise(NotImplementedError)

        def kernel_sleep(seconds = nil)
          @waiting.push([seconds, Fiber.current])
          Fiber.yield
        end

        def close
          until @waiting.empty?
            next_one = @waiting.min_by(&:first)
            @waiting.delete(next_one)
            next_one.last.resume
          end
        end
      end
      done = []
      Thread.new do
        Fiber.set_scheduler(scheduler.new)
        [3.0, 1.0, 2.0].each do |seconds|
          guest = instance_calling("(param f64) (result f64)", "(local.get 0)") { |time| sleep(time) && time }
          Fiber.schedule { done << guest.call("f", seconds) }
        end
      end.join
      expect(done).to eq([1.0, 2.0, 3.0])
    end
  end

  describe "that is closed" do
    it "refuses every use" do
      guest = instance("#{calling("")} (memory (export \"m\") 1) (global (export \"g\") i32 (i32.const 1))", { host: { f: -> {} } })
      memory, global, function = guest.memory("m"), guest.global("g"), guest.function("f")
      expect(guest).not_to be_closed
      expect(guest.close).to be_nil
      expect(guest.close).to be_nil
      expect(guest).to be_closed
      [-> { guest.call("f") }, -> { function.call }, -> { memory.read(0, 1) }, -> { memory.write(0, "x") },
       -> { memory.grow(1) }, -> { global.value }].each do |use|
        expect(&use).to raise_error(WasmHost::ClosedError, /closed/)
      end
    end

    it "can't be closed during a call" do
      guest = instance_calling("") { guest.close }
      expect { guest.call("f") }.to raise_error(WasmHost::BusyError)
      expect(guest).not_to be_closed
    end
  end

  describe "of a module with interruptible: false" do
    text = '(module (import "host" "f" (func $f)) (func (export "f") (call $f))
              (func (export "count") (param i32) (result i32) (local i32)
                (loop (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                      (br_if 0 (i32.lt_u (local.get 1) (local.get 0)))) (local.get 1)))'

    it "has no time limit, and otherwise works as any instance" do
      trusted = WasmHost::Module.new(text, interruptible: false)
      expect([trusted.interruptible?, WasmHost::Module.new(text).interruptible?]).to eq([false, true])
      guest = described_class.new(trusted, { host: { f: -> { raise KeyError } } })
      expect(guest.call("count", 1_000_000)).to eq(1_000_000)
      expect { guest.call("f") }.to raise_error(KeyError)
      expect { described_class.new(trusted, { host: { f: -> {} } }, time_limit: 1) }.to raise_error(ArgumentError, /time_limit/)
      expect(described_class.new(trusted, { host: { f: -> {} } }, time_limit: nil, release_gvl: true).call("count", 9)).to eq(9)
      expect { WasmHost::Program.new(trusted).run }.to raise_error(ArgumentError, /interruptible/)
    end
  end

  it "can be used again after its host ran out of memory in a call", :slow do
    script = <<~'RUBY'
      text = '(module (func (export "f") (result i32) (i32.const 7)))'
      guest = WasmHost::Instance.new(text)
      size = -> { File.read("/proc/self/status")[/VmSize:\s+(\d+)/, 1].to_i << 10 }
      # In a new thread, which has no stack for guests yet. Each limit leaves room for more of the call's allocations.
      results = Thread.new do
        [1200, 1600, 1900, 2100, 2600, 3200, 6400].map do |room|
          Process.setrlimit(:AS, size.call + (room << 10), Process::RLIM_INFINITY)
          guest.call("f")
        rescue NoMemoryError, WasmHost::Error, Exception => error
          error.class.name
        ensure
          Process.setrlimit(:AS, Process::RLIM_INFINITY, Process::RLIM_INFINITY)
        end
      end.value
      puts results.inspect, guest.call("f")
    RUBY
    lines = IO.popen([RbConfig.ruby, "-I", $LOAD_PATH.first, "-r", "wasm_host", "-e", script, { err: File::NULL }], &:readlines)
    expect(lines.last).to eq("7\n"), lines.join
    expect(lines.first).to match(/Error/)
    expect(lines.first).not_to match(/Busy|fatal/)
  end

  it "can't be allocated without a module" do
    expect { described_class.allocate }.to raise_error(TypeError)
    expect { described_class.link(nil, {}, 1, nil, false) }.to raise_error(NoMethodError)
  end

  it "lets Ruby detect an overflow of its own stack" do
    instance('(func (export "f"))').call("f")
    endless = ->(depth) { endless.call(depth + 1) }
    expect { endless.call(0) }.to raise_error(SystemStackError)
  end
end

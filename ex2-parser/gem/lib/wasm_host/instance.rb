# frozen_string_literal: true

module WasmHost
  # A module with a memory of its own, linked with what it imports.
  #
  # A guest that takes longer than some milliseconds gives Ruby's lock up, so that other threads run. An instance does one
  # thing at a time: a thread that comes in between gets a {BusyError}. A proc may use the instance that called it, its
  # memory and its exports, on the fiber it was called on.
  #
  # A proc that raises, throws, or is left by +break+, ends the guest, and what it raised goes on from the call. The same
  # holds for what reaches a running guest from outside: Ctrl-C, +Thread#raise+, +Thread#kill+, +Timeout.timeout+. A
  # signal whose handler returns only interrupts it for so long.
  class Instance
    # How many bytes each of a guest's memories may hold: 256 MiB.
    MEMORY_LIMIT = 256 << 20

    # How long a call may take, in seconds.
    TIME_LIMIT = 10

    private_class_method :link

    # Links a module and runs its start function, if it has one.
    #
    # @param source [Module, String] a module, or what {Module.new} takes
    # @param imports [Hash{String, Symbol => Hash{String, Symbol => Proc, Method, Memory, Numeric}}] what fills each
    #   import, by its two names. A proc gets Integers for i32 and i64, which are signed, and Floats for f32 and f64, and
    #   returns the same: nothing, one, or an Array of several. A number fills a global that is constant.
    # @param memory_limit [Integer] how many bytes each of its memories may hold
    # @param time_limit [Numeric, nil] how many seconds each call may take, procs included; nil for as long as it wants.
    #   A proc isn't interrupted; once it has returned, late, the guest ends. Guests that can't be stopped have none.
    # @param release_gvl [Boolean] whether each call gives Ruby's lock up at once, not only after some milliseconds. That
    #   pays for calls that are known to take long; taking the lock back can take as long as a busy thread keeps it, up to
    #   a tenth of a second.
    # @return [Instance]
    # @raise [LinkError] if an import is missing or of another kind or type, or it asks for too much memory
    # @raise [Trap] if its start function was stopped
    # @raise [TimedOut] if its start function was not done in time
    def self.new(source, imports = {}, memory_limit: MEMORY_LIMIT, time_limit: :default, release_gvl: false)
      compiled = source.is_a?(Module) ? source : Module.new(source)
      if time_limit == :default
        time_limit = compiled.interruptible? ? TIME_LIMIT : nil
      elsif time_limit && !compiled.interruptible?
        raise ArgumentError, "time_limit: is for guests that can be stopped, and this module has interruptible: false"
      end
      link(compiled, imports, memory_limit, time_limit, release_gvl ? true : false)
    end

    # @!method call(name, *arguments)
    #   Calls an exported function.
    #
    #   @param name [String, Symbol] the export's name
    #   @param arguments [Array<Integer, Float>] an Integer for an i32 or i64, signed or unsigned; either for an f32 or f64
    #   @return [nil, Integer, Float, Array<Integer, Float>] nothing, one or several
    #   @raise [ExportError] if it exports no such function
    #   @raise [Trap] if the guest did something that WebAssembly doesn't allow
    #   @raise [TimedOut] if it was not done in time
    #   @raise [BusyError] if another thread or fiber is in the middle of a call
    #   @raise [ArgumentError, TypeError, RangeError] if the arguments don't fit

    # @!method close
    #   Frees the guest's memory and all else that it has, without waiting for the garbage collector. Every use of it that
    #   follows raises {ClosedError}, except closing it again.
    #   @return [nil]
    #   @raise [BusyError] if it is in the middle of a call

    # @!method closed?
    #   @return [Boolean]

    # @!method function(name)
    #   An exported function, looked up once to be called often.
    #
    #   @param name [String, Symbol]
    #   @return [Function]
    #   @raise [ExportError]

    # @!method memory(name)
    #   An exported memory.
    #
    #   @param name [String, Symbol]
    #   @return [Memory]
    #   @raise [ExportError]

    # @!method global(name)
    #   An exported global.
    #
    #   @param name [String, Symbol]
    #   @return [Global]
    #   @raise [ExportError]
  end
end

# frozen_string_literal: true

module WasmHost
  # A module with its own memory, linked with its imports.
  #
  # A guest that runs for more than some milliseconds releases the GVL, so that other threads run. An instance runs one call
  # at a time: a call from another thread meanwhile raises {BusyError}. A proc may use the instance that called it, with its
  # memory and its exports, on the same fiber.
  #
  # A proc that raises, throws or breaks ends the guest, and the exception continues from the call. The same holds for
  # exceptions from outside: Ctrl-C, +Thread#raise+, +Thread#kill+, +Timeout.timeout+. After a signal whose handler returns
  # the guest continues.
  class Instance
    # The maximum size of each of a guest's memories in bytes: 256 MiB.
    MEMORY_LIMIT = 256 << 20

    # The time limit of a call in seconds.
    TIME_LIMIT = 10

    private_class_method :link

    # Links a module and runs its start function, if it has one.
    #
    # @param source [Module, String] a module, or the source of one as for {Module.new}
    # @param imports [Hash{String, Symbol => Hash{String, Symbol => Proc, Method, Memory, Numeric}}] the value of each
    #   import, by its two names. A proc gets signed Integers for i32 and i64, and Floats for f32 and f64. It returns
    #   nothing, one number, or an Array of several. A number is for a constant global.
    # @param memory_limit [Integer] the maximum size of each memory in bytes
    # @param time_limit [Numeric, nil] seconds for each call, procs included; nil for no limit. A proc is not interrupted:
    #   after the time limit the guest ends when the proc returns. A module with +interruptible: false+ has no time limit.
    # @param release_gvl [Boolean] whether each call releases the GVL at once, not only after some milliseconds. This pays
    #   for long calls. Beside a busy thread it can take a tenth of a second to get the GVL back.
    # @return [Instance]
    # @raise [LinkError] if an import is missing or has another kind or type, or the module needs too much memory
    # @raise [Trap] if the start function traps
    # @raise [TimedOut] if the start function exceeds the time limit
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
    #   @param arguments [Array<Integer, Float>] a signed or unsigned Integer for an i32 or i64; either class for an f32 or f64
    #   @return [nil, Integer, Float, Array<Integer, Float>] no result, one, or several
    #   @raise [ExportError] if the module exports no such function
    #   @raise [Trap] if the guest traps
    #   @raise [TimedOut] if the call exceeds the time limit
    #   @raise [BusyError] if another thread or fiber uses the instance
    #   @raise [ArgumentError, TypeError, RangeError] if the arguments don't fit the function's type

    # @!method close
    #   Frees the guest's memory and its other resources without the garbage collector. Every later use of the instance
    #   raises {ClosedError}, except another close.
    #   @return [nil]
    #   @raise [BusyError] if the instance is in use

    # @!method closed?
    #   @return [Boolean]

    # @!method function(name)
    #   An exported function, for many calls with one lookup.
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

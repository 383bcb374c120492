# frozen_string_literal: true

module WasmHost
  # A WASI command: a program like any other, that gets arguments and three standard streams, and nothing else. It sees no
  # file of this machine, no network and no environment variable.
  class Program
    # How many bytes each of its memories may hold: 256 MiB.
    MEMORY_LIMIT = 256 << 20

    # How many bytes it may write to each stream: 16 MiB.
    OUTPUT_LIMIT = 16 << 20

    # How long it may take, in seconds.
    TIME_LIMIT = 10

    # How a program ended: its exit code, and what it wrote, binary.
    Result = Struct.new(:exit_code, :stdout, :stderr) do
      # @return [Boolean] whether the exit code is 0
      def success?
        exit_code.zero?
      end
    end

    # @param source [Module, String] a module, or what {Module.new} takes
    # @param name [String] the program's own name, its argument 0
    def initialize(source, name: "program")
      @module = source.is_a?(Module) ? source : Module.new(source)
      @name = name
    end

    # Runs it from the beginning to its end, on a native thread of its own. Any number of threads may do so at once.
    #
    # @param arguments [Array<String>]
    # @param stdin [String] what it reads
    # @param memory_limit [Integer] how many bytes each of its memories may hold
    # @param output_limit [Integer] how many bytes it may write to each stream
    # @param time_limit [Numeric, nil] how many seconds it may take; nil for as long as it wants
    # @return [Result] with any exit code
    # @raise [LinkError] if it is no WASI command, or asks for what it can't have
    # @raise [Trap] if it was stopped; a Rust program that panics is
    # @raise [TimedOut, LimitError] if it took too long, or wrote too much
    def run(*arguments, stdin: "", memory_limit: MEMORY_LIMIT, output_limit: OUTPUT_LIMIT, time_limit: TIME_LIMIT)
      result = Native.run(@module, @name, arguments, stdin, memory_limit, output_limit, time_limit)
      Result.new(*result)
    end
  end
end

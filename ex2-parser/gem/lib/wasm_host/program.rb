# frozen_string_literal: true

module WasmHost
  # A WASI command: a program with arguments and three standard streams. It has no access to files, to the network and to
  # environment variables.
  class Program
    # The maximum size of each memory in bytes: 256 MiB.
    MEMORY_LIMIT = 256 << 20

    # The maximum number of bytes of each output stream: 16 MiB.
    OUTPUT_LIMIT = 16 << 20

    # The time limit in seconds.
    TIME_LIMIT = 10

    # The result of a run: the exit code, and the output as binary strings.
    Result = Struct.new(:exit_code, :stdout, :stderr) do
      # @return [Boolean] whether the exit code is 0
      def success?
        exit_code.zero?
      end
    end

    # @param source [Module, String] a module, or the source of one as for {Module.new}
    # @param name [String] the program's name, its argument 0
    def initialize(source, name: "program")
      @module = source.is_a?(Module) ? source : Module.new(source)
      @name = name
    end

    # Runs the program in a new instance, on a native thread of its own. Several Ruby threads may run it at the same time.
    #
    # @param arguments [Array<String>]
    # @param stdin [String] the standard input
    # @param memory_limit [Integer] the maximum size of each memory in bytes
    # @param output_limit [Integer] the maximum number of bytes of each output stream
    # @param time_limit [Numeric, nil] seconds; nil for no limit
    # @return [Result] with any exit code
    # @raise [LinkError] if the module is no WASI command, or needs other imports or more memory
    # @raise [Trap] if the program traps, as a Rust program does that panics
    # @raise [TimedOut, LimitError] if the program exceeds its time limit or its output limit
    def run(*arguments, stdin: "", memory_limit: MEMORY_LIMIT, output_limit: OUTPUT_LIMIT, time_limit: TIME_LIMIT)
      result = Native.run(@module, @name, arguments, stdin, memory_limit, output_limit, time_limit)
      Result.new(*result)
    end
  end
end

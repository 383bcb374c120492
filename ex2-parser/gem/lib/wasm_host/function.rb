# frozen_string_literal: true

module WasmHost
  # A function that an instance exports, from {Instance#function}. It keeps its instance alive.
  class Function
    # @!method call(*arguments)
    #   @param arguments [Array<Integer, Float>] as for {Instance#call}
    #   @return [nil, Integer, Float, Array<Integer, Float>]
    #   @raise (see Instance#call)

    # @!method name
    #   @return [String] the export's name

    # @!method signature
    #   @return [String] the function's type, for example +(i32, i32) -> (i64)+

    # @!method arity
    #   @return [Integer] the number of arguments

    # @return [Proc] a lambda that calls the function
    def to_proc
      method(:call).to_proc
    end

    # @return [String]
    def inspect
      "#<#{self.class} #{name} #{signature}>"
    end
  end
end

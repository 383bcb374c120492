# frozen_string_literal: true

module WasmHost
  # A function that an instance exports. {Instance#function} finds it. It keeps its instance alive.
  class Function
    # @!method call(*arguments)
    #   Calls it.
    #   @param arguments [Array<Integer, Float>] as for {Instance#call}
    #   @return [nil, Integer, Float, Array<Integer, Float>]
    #   @raise (see Instance#call)

    # @!method name
    #   @return [String] the name it is exported by

    # @!method signature
    #   @return [String] its type, as in +(i32, i32) -> (i64)+

    # @!method arity
    #   @return [Integer] how many arguments it takes

    # @return [Proc] a lambda that calls it
    def to_proc
      method(:call).to_proc
    end

    # @return [String]
    def inspect
      "#<#{self.class} #{name} #{signature}>"
    end
  end
end

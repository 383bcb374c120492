# frozen_string_literal: true

module WasmHost
  # A global that an instance exports. {Instance#global} finds it.
  class Global
    # @!method value
    #   @return [Integer, Float]

    # @!method value=(number)
    #   @param number [Integer, Float]
    #   @raise [Error] if it is constant
    #   @raise [TypeError, RangeError] if it is no number of its type

    # @!method mutable?
    #   @return [Boolean] whether it can be set
  end
end

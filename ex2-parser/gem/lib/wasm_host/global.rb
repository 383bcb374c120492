# frozen_string_literal: true

module WasmHost
  # A global variable that an instance exports, from {Instance#global}.
  class Global
    # @!method value
    #   @return [Integer, Float]

    # @!method value=(number)
    #   @param number [Integer, Float]
    #   @raise [Error] if the global is constant
    #   @raise [TypeError, RangeError] if the number does not fit the global's type

    # @!method mutable?
    #   @return [Boolean] whether the value can be set
  end
end

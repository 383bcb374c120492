# frozen_string_literal: true

module WasmHost
  # A guest's memory. Bytes are copied in and out, so no String of Ruby's changes when the guest writes, and none is left
  # behind when the memory grows. Every access is checked.
  class Memory
    # How many bytes a page has. Memories grow by pages.
    PAGE = 64 << 10

    # The most pages there can be.
    MOST_PAGES = 65_536

    private_class_method :make

    # A memory for an instance to import. It belongs to the first instance that it is handed to, and can't be used
    # before.
    #
    # @param minimum [Integer] how many pages it has at the start
    # @param maximum [Integer, nil] how many it may have; nil for as many as the module asks for
    # @return [Memory]
    def self.new(minimum:, maximum: nil)
      raise ArgumentError, "minimum: is 0 to #{MOST_PAGES} pages, not #{minimum}" unless (0..MOST_PAGES).cover?(minimum)
      unless maximum.nil? || (minimum..MOST_PAGES).cover?(maximum)
        raise ArgumentError, "maximum: is #{minimum} to #{MOST_PAGES} pages, or nil, not #{maximum}"
      end

      make(minimum, maximum)
    end

    # @!method read(offset, length)
    #   Copies bytes out.
    #   @param offset [Integer] where they begin
    #   @param length [Integer] how many
    #   @return [String] binary
    #   @raise [IndexError] if they lead out of the memory
    #   @raise [BusyError] if the guest runs, in another thread

    # @!method write(offset, bytes)
    #   Copies bytes in.
    #   @param offset [Integer] where they are to begin
    #   @param bytes [String]
    #   @return [Integer] how many they were
    #   @raise [IndexError] if they lead out of the memory; then none is written
    #   @raise [BusyError] if the guest runs, in another thread

    # @!method size
    #   @return [Integer] how many bytes it has

    # @!method grow(pages)
    #   Adds pages, all zero.
    #   @param pages [Integer]
    #   @return [Integer] how many there were before
    #   @raise [LimitError] if there is no room for them

    # Copies text out.
    #
    # @param offset [Integer] where it begins
    # @param length [Integer] how many bytes it has
    # @return [String] UTF-8
    # @raise [IndexError] if it leads out of the memory
    # @raise [EncodingError] if it is not UTF-8
    def text(offset, length)
      bytes = read(offset, length).force_encoding(Encoding::UTF_8)
      return bytes if bytes.valid_encoding?

      raise EncodingError, "#{length} bytes at offset #{offset} are not UTF-8: #read hands them over as they are"
    end

    # @return [Integer] how many pages it has
    def pages
      size / PAGE
    end
  end
end

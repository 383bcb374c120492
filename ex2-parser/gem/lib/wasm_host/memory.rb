# frozen_string_literal: true

module WasmHost
  # A guest's linear memory. Reads and writes copy bytes: a String never changes when the guest writes, and stays valid when
  # the memory grows. Every access is checked.
  class Memory
    # The size of a page in bytes. Memories grow by pages.
    PAGE = 64 << 10

    # The maximum number of pages: 4 GiB.
    MAX_PAGES = 65_536

    private_class_method :make

    # A memory for an instance to import. It belongs to the first instance that imports it, and can't be used before.
    #
    # @param minimum [Integer] the number of pages at the start
    # @param maximum [Integer, nil] the maximum number of pages; nil for the maximum of the module's import
    # @return [Memory]
    def self.new(minimum:, maximum: nil)
      raise ArgumentError, "minimum: is 0 to #{MAX_PAGES} pages, not #{minimum}" unless (0..MAX_PAGES).cover?(minimum)
      unless maximum.nil? || (minimum..MAX_PAGES).cover?(maximum)
        raise ArgumentError, "maximum: is #{minimum} to #{MAX_PAGES} pages, or nil, not #{maximum}"
      end

      make(minimum, maximum)
    end

    # @!method read(offset, length)
    #   Copies bytes out of the memory.
    #   @param offset [Integer]
    #   @param length [Integer] in bytes
    #   @return [String] binary
    #   @raise [IndexError] if the range is outside of the memory
    #   @raise [BusyError] if the guest runs in another thread

    # @!method write(offset, bytes)
    #   Copies bytes into the memory.
    #   @param offset [Integer]
    #   @param bytes [String]
    #   @return [Integer] the number of bytes
    #   @raise [IndexError] if the range is outside of the memory; then no byte is written
    #   @raise [BusyError] if the guest runs in another thread

    # @!method size
    #   @return [Integer] the size in bytes

    # @!method grow(pages)
    #   Adds pages of zeros.
    #   @param pages [Integer]
    #   @return [Integer] the number of pages before
    #   @raise [LimitError] if the memory would exceed its limit

    # Copies text out of the memory.
    #
    # @param offset [Integer]
    # @param length [Integer] in bytes
    # @return [String] UTF-8
    # @raise [IndexError] if the range is outside of the memory
    # @raise [EncodingError] if the bytes are not UTF-8
    def text(offset, length)
      bytes = read(offset, length).force_encoding(Encoding::UTF_8)
      return bytes if bytes.valid_encoding?

      raise EncodingError, "#{length} bytes at offset #{offset} are not UTF-8: #read hands them over as they are"
    end

    # @return [Integer] the number of pages
    def pages
      size / PAGE
    end
  end
end

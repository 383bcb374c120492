# frozen_string_literal: true

module GhcrPage
  # The same parser as a WebAssembly module, for pages from strangers: the guest can touch nothing but its own memory, of
  # at most 256 MiB, and its time is limited.
  #
  # It reads any number of pages, one at a time, and remembers none.
  class Guest
    # How long a page may take, in seconds. The largest takes less than one.
    TIME_LIMIT = 10

    private_class_method :load
    private :read

    # Loads the guest. Where its source has changed it is built first, by cargo, which takes up to a minute.
    #
    # @param time_limit [Numeric, nil] how many seconds each page may take; nil for as long as it wants
    # @param cache [Boolean, String, Pathname] where to keep its compiled code, as for {WasmHost::Module.new}
    # @return [Guest]
    # @raise [WasmHost::Error] if it can't be built
    def self.new(time_limit: TIME_LIMIT, cache: false)
      cache = cache.to_path if cache.respond_to?(:to_path)
      load(time_limit, cache)
    end

    # Reads a package page.
    #
    # @param html [String] the page
    # @return [Package]
    # @raise [Error] if there is no answer on it; {Error#kind} says why
    # @raise [WasmHost::TimedOut, WasmHost::Trap] if the guest was stopped; the next page gets a fresh one
    # @raise [WasmHost::BusyError] if another thread's page is being read
    def parse(html)
      Package.from(*read(html))
    end
  end
end

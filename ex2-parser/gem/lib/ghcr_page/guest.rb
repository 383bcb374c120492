# frozen_string_literal: true

module GhcrPage
  # The same parser as a WebAssembly module, for untrusted pages: the guest can only access its own memory, of at most
  # 256 MiB, and its time is limited.
  #
  # A guest reads any number of pages, one at a time. It keeps nothing of a page.
  class Guest
    # The time limit of a page in seconds. The largest page takes less than one second.
    TIME_LIMIT = 10

    private_class_method :load
    private :read

    # Loads the guest. After a change of its source cargo builds it first, which takes up to a minute.
    #
    # @param time_limit [Numeric, nil] seconds for each page; nil for no limit
    # @param cache [Boolean, String, Pathname] the cache of compiled code, as for {WasmHost::Module.new}
    # @return [Guest]
    # @raise [WasmHost::Error] if the build fails
    def self.new(time_limit: TIME_LIMIT, cache: false)
      cache = cache.to_path if cache.respond_to?(:to_path)
      load(time_limit, cache)
    end

    # Reads a package page.
    #
    # @param html [String] the page
    # @return [Package]
    # @raise [Error] if the page has no counts; {Error#kind} is the reason
    # @raise [WasmHost::TimedOut, WasmHost::Trap] if the guest was stopped; the next page gets a new instance
    # @raise [WasmHost::BusyError] if another thread is parsing a page
    def parse(html)
      Package.from(*read(html))
    end
  end
end

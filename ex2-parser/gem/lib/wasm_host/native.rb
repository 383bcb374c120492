# frozen_string_literal: true

module WasmHost
  # Loads the native extension that `rake compile` has built for this Ruby.
  # @private
  module Native
    # The library's path. Each minor version of Ruby needs its own library. WASM_HOST_LIBRARY is another path, for tests of a
    # library that was built elsewhere.
    LIBRARY = ENV.fetch("WASM_HOST_LIBRARY") { File.join(__dir__, RUBY_VERSION[/\d+\.\d+/], "wasm_host.so") }

    # The command that builds the library.
    COMPILE = "rake -f #{File.expand_path("../../Rakefile", __dir__)} compile"

    # @return [void]
    def self.load
      # With M:N threads a Ruby thread may change its native thread while a proc runs, but a guest can't.
      if ENV["RUBY_MN_THREADS"] == "1" && RUBY_VERSION >= "3.3"
        raise LoadError, "wasm_host doesn't work with RUBY_MN_THREADS=1: unset it"
      end
      unless File.exist?(LIBRARY)
        raise LoadError, "wasm_host's library for Ruby #{RUBY_VERSION[/\d+\.\d+/]} isn't built: run `#{COMPILE}`"
      end

      require LIBRARY
    end
  end
end

WasmHost::Native.load

# frozen_string_literal: true

module WasmHost
  # The native half: finds the library that `rake compile` built for this Ruby, and loads it.
  # @private
  module Native
    # The library's place: a Ruby of another minor version can't load it, so each has its own. WASM_HOST_LIBRARY names
    # another, for tests of one that was built elsewhere.
    LIBRARY = ENV.fetch("WASM_HOST_LIBRARY") { File.join(__dir__, RUBY_VERSION[/\d+\.\d+/], "wasm_host.so") }

    # How to get it.
    COMPILE = "rake -f #{File.expand_path("../../Rakefile", __dir__)} compile"

    # @return [void]
    def self.load
      # A Ruby thread that changes its native thread while its guest waits for a proc would leave the guest behind.
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

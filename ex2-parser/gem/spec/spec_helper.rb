# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))

require "tmpdir"
require "timeout"
require "wasm_host"
require "ghcr_page"
require_relative "support/wat"
require_relative "support/page"

# With WASM_HOST_GC_STRESS=1 the garbage collector runs at every chance that it has, and moves what it may.
STRESS = ENV["WASM_HOST_GC_STRESS"] == "1"

RSpec.configure do |config|
  config.disable_monkey_patching!
  config.raise_errors_for_deprecations!
  config.order = :random
  config.include Wat

  if STRESS
    GC.auto_compact = true if GC.respond_to?(:auto_compact=)
    config.around do |example|
      # What the example needs is made ready, and then the collector is let loose.
      GC.stress = true
      example.run
    ensure
      GC.stress = false
    end
  end
end

# frozen_string_literal: true

$LOAD_PATH.unshift(File.expand_path("../lib", __dir__))

require "pathname"
require "tmpdir"
require "timeout"
require "wasm_host"
require "ghcr_page"
require_relative "support/wat"
require_relative "support/page"

# With WASM_HOST_GC_STRESS=1 the garbage collector runs at every allocation in the gem's methods, and compacts the heap
# before each example.
if ENV["WASM_HOST_GC_STRESS"] == "1"
  require_relative "support/stress"
  Stress.everywhere
  RSpec.configure do |config|
    config.before { GC.compact if GC.respond_to?(:compact) }
  end
end

RSpec.configure do |config|
  config.disable_monkey_patching!
  config.raise_errors_for_deprecations!
  config.order = :random
  config.include Wat
end

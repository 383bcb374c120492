# frozen_string_literal: true

require_relative "lib/wasm_host/version"

Gem::Specification.new do |spec|
  spec.name = "wasm_host"
  spec.version = WasmHost::VERSION
  spec.summary = "WebAssembly in Ruby with Wasmer: guests that import procs and can be stopped"
  spec.description = "Loads WebAssembly modules, links Ruby procs as their imports, calls their exports without the " \
                     "GVL, and runs WASI programs, within limits on memory and time. Brings a parser for package " \
                     "pages of ghcr.io, as native code and as a guest."
  spec.authors = ["Stats Tracker maintainers"]
  spec.license = "Apache-2.0"
  spec.homepage = "https://github.com/stats-tracker-ghcr/stats-tracker-ghcr"
  spec.required_ruby_version = ">= 3.1"
  # `rake compile` builds the native extension in its workspace. The gem contains the built library, for one Ruby version and
  # one platform.
  spec.platform = Gem::Platform::CURRENT
  spec.files = Dir["lib/**/*.{rb,so,bundle}", "README.md", base: __dir__]
  spec.require_paths = ["lib"]
  spec.metadata["rubygems_mfa_required"] = "true"
end

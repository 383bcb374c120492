# frozen_string_literal: true

require_relative "../../gem/lib/ghcr_page"

# Reads a package page with this workspace's gem, as native code.
class GhcrPageNative
  def self.versions
    { wasm_host: WasmHost::VERSION }
  end

  def self.parse(html)
    GhcrPage.parse(html)
  end
end

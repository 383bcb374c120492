# frozen_string_literal: true

require_relative "../../gem/lib/ghcr_page"

# Reads a package page with this workspace's gem, in WebAssembly.
class GhcrPageGuest
  GUEST = GhcrPage::Guest.new

  def self.versions
    { wasm_host: WasmHost::VERSION }
  end

  def self.parse(html)
    GUEST.parse(html)
  end
end

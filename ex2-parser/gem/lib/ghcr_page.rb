# frozen_string_literal: true

require "date"
require_relative "wasm_host"
require_relative "ghcr_page/error"
require_relative "ghcr_page/package"
require_relative "ghcr_page/guest"

# The download counts on a package page of ghcr.io.
#
#     GhcrPage.parse(File.binread("page.html")).total  # => 14360
module GhcrPage
  private_class_method :read

  # Reads a package page with the parser as native code. A usual page takes a quarter of a millisecond. Pages of more than
  # 256 KiB are parsed without the GVL.
  #
  # @param html [String] the page as UTF-8; the string's own encoding is ignored
  # @return [Package]
  # @raise [Error] if the page has no counts; {Error#kind} is the reason
  def self.parse(html)
    Package.from(*read(html))
  end
end

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

  # Reads a package page, with the parser as native code. Usual pages take a quarter of a millisecond; those of more than
  # 256 KiB are read without the GVL.
  #
  # @param html [String] the page, whatever its encoding says: GitHub's are UTF-8
  # @return [Package]
  # @raise [Error] if there is no answer on it; {Error#kind} says why
  def self.parse(html)
    Package.from(*read(html))
  end
end

# frozen_string_literal: true

require "nokogiri"
raise LoadError, "this Nokogiri was built without Gumbo, and has no HTML5" unless Nokogiri.uses_gumbo?

# Reads a package page with Nokogiri's HTML 5 parser: Gumbo, in C, with the parsing algorithm of browsers.
class NokogiriHtml5
  TOTAL = '//span[normalize-space() = "Total downloads"]/following::h3[@title][1]'
  BARS = '//*[@aria-label = "Downloads for the last 30 days"]//svg:rect[@data-merge-count]'
  NAMESPACES = { "svg" => "http://www.w3.org/2000/svg" }.freeze

  def self.versions
    { nokogiri: Nokogiri::VERSION, gumbo: Nokogiri::VERSION_INFO.dig("other_libraries", "libgumbo").to_s }
  end

  def self.parse(html)
    page = Nokogiri::HTML5.parse(html)
    {
      total: Integer(page.at_xpath(TOTAL)["title"], 10),
      daily: page.xpath(BARS, NAMESPACES).map do |bar|
        { date: bar["data-date"], count: Integer(bar["data-merge-count"], 10) }
      end
    }
  end
end

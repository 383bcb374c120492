# frozen_string_literal: true

require "nokogiri"

# Reads a package page with Nokogiri's HTML 4 parser: libxml2, in C.
class NokogiriHtml4
  TOTAL = '//span[normalize-space() = "Total downloads"]/following::h3[@title][1]'
  BARS = '//*[@aria-label = "Downloads for the last 30 days"]//rect[@data-merge-count]'

  def self.versions
    { nokogiri: Nokogiri::VERSION, libxml2: Nokogiri::VERSION_INFO.dig("libxml", "loaded") }
  end

  # Without an explicit encoding libxml2 guesses one, and stops at the first byte that is invalid in it.
  def self.parse(html)
    page = Nokogiri::HTML4.parse(html, nil, "UTF-8")
    {
      total: Integer(page.at_xpath(TOTAL)["title"], 10),
      daily: page.xpath(BARS).map do |bar|
        { date: bar["data-date"], count: Integer(bar["data-merge-count"], 10) }
      end
    }
  end
end

# frozen_string_literal: true

require "strscan"

# A shortcut in Ruby, not a parser: it also matches text in comments and scripts, and it supports neither attributes without
# double quotes, nor entities, nor nesting.
class Shortcut
  def self.versions
    { strscan: StringScanner::Version }
  end

  def self.parse(html)
    page = StringScanner.new(html)
    page.skip_until(/>\s*Total downloads\s*</)
    page.skip_until(/<h3[^>]*\stitle="(\d+)"/)
    total = Integer(page[1], 10)
    page.skip_until(/aria-label="Downloads for the last 30 days"/)
    daily = []
    while daily.size < 30 && page.skip_until(/<rect[^>]*>/)
      bar = page.matched
      daily << { date: bar[/\sdata-date="([^"]*)"/, 1], count: Integer(bar[/\sdata-merge-count="(\d+)"/, 1], 10) }
    end
    { total: total, daily: daily }
  end
end

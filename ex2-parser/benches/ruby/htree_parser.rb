# frozen_string_literal: true

require "htree"

# Reads a package page with HTree: pure Ruby.
class HTreeParser
  SPAN = "{http://www.w3.org/1999/xhtml}span"
  HEADING = "{http://www.w3.org/1999/xhtml}h3"
  BAR = "{http://www.w3.org/2000/svg}rect"

  def self.versions
    { htree: Gem::Specification.find_all_by_name("htree").first&.version.to_s }
  end

  def self.parse(html)
    page = HTree.parse(html)
    { total: total(page), daily: daily(page) }
  end

  def self.total(page)
    labelled = false
    page.traverse_element(SPAN, HEADING) do |element|
      if element.name == SPAN
        labelled = true if element.extract_text.to_s.strip == "Total downloads"
      elsif labelled && (title = element.get_attr("title"))
        return Integer(title, 10)
      end
    end
  end

  def self.daily(page)
    page.traverse_element do |element|
      next unless element.get_attr("aria-label") == "Downloads for the last 30 days"

      bars = []
      element.traverse_element(BAR) do |bar|
        bars << { date: bar.get_attr("data-date"), count: Integer(bar.get_attr("data-merge-count"), 10) }
      end
      return bars
    end
  end
end

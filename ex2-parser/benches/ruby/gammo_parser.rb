# frozen_string_literal: true

require "gammo"

# Reads a package page with Gammo: pure Ruby, with the HTML parsing algorithm of browsers.
class GammoParser
  def self.versions
    { gammo: Gammo::VERSION }
  end

  def self.parse(html)
    reading = new
    reading.walk(Gammo.new(html).parse, chart: false)
    { total: reading.total, daily: reading.daily }
  end

  attr_reader :total, :daily

  def initialize
    @labelled = false
    @daily = []
  end

  # Visits the nodes in document order. The recursion is as deep as the page's nesting.
  def walk(node, chart:)
    chart ||= attribute(node, "aria-label") == "Downloads for the last 30 days"
    child = node.first_child
    while child
      read(child, chart)
      walk(child, chart: chart)
      child = child.next_sibling
    end
  end

  private

  def read(node, chart)
    case node
    when Gammo::Node::Text
      @labelled = true if node.parent.tag == "span" && node.data.strip == "Total downloads"
    when Gammo::Node::Element
      if node.tag == "h3" && @labelled && !@total
        title = attribute(node, "title")
        @total = Integer(title, 10) if title
      elsif node.tag == "rect" && chart
        @daily << { date: attribute(node, "data-date"), count: Integer(attribute(node, "data-merge-count"), 10) }
      end
    end
  end

  def attribute(node, name)
    node.attributes.find { |attribute| attribute.key == name }&.value
  end
end

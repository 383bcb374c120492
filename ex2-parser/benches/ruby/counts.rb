# frozen_string_literal: true

require "json"

# Converts each parser's answer to the same JSON for comparison: a hash, or the gem's GhcrPage::Package.
module Counts
  def self.json(answer)
    return JSON.generate(answer) if answer.is_a?(Hash)

    JSON.generate(
      total: answer.total,
      daily: answer.daily.map { |day| { date: day.date.iso8601, count: day.count } }
    )
  end
end

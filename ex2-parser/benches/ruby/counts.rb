# frozen_string_literal: true

require "json"

# Answers in one shape, to compare them: a parser's hash, or the gem's GhcrPage::Package.
module Counts
  def self.json(answer)
    return JSON.generate(answer) if answer.is_a?(Hash)

    JSON.generate(
      total: answer.total,
      daily: answer.daily.map { |day| { date: day.date.iso8601, count: day.count } }
    )
  end
end

require "csv"

# Rows as CSV without formula injection: a spreadsheet computes a text that begins like a formula, and the names and
# details in these rows come from third parties.
module Spreadsheet
  FORMULA = /\A[=+\-@\t\r\n]/

  def self.csv(header, rows)
    CSV.generate do |csv|
      csv << header
      rows.each { |row| csv << row.map { |value| cell(value) } }
    end
  end

  def self.cell(value)
    case value
    when Array then cell(value.join(" "))
    when String then value.match?(FORMULA) ? "'#{value}" : value
    when Time then value.utc.iso8601
    when Date then value.iso8601
    else value
    end
  end
end

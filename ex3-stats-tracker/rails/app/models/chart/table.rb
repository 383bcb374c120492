# A chart's document as CSV: one row for each day, also for days without data.
class Chart::Table
  # Columns that only some charts have.
  COUNTS = { totals: :total, downloads: :downloads }.freeze

  def initialize(document)
    @document = document
  end

  def to_csv
    Spreadsheet.csv(header.map { |name| Spreadsheet.cell(name) }, rows)
  end

  private
    attr_reader :document

    def envelope
      document.slice(:org, :package, :source)
    end

    def header
      [ *envelope.keys, :date, *counts.values, *(:settled if document.key?(:unsettled)), :fell, :imported,
        *(:packages_stale if document.key?(:stale)), *(:packages_partial if document.key?(:partial)),
        :failures, :failure_kind, *versions.map { |version| "total of #{version[:tags].join(" ").presence || version[:id]}" } ].map(&:to_s)
    end

    def rows
      first = Date.iso8601(document[:from])
      unsettled, fell, imported = document.values_at(:unsettled, :fell, :imported).map { |indexes| indexes&.to_set }
      failures, stale, partial = document.values_at(:failures, :stale, :partial).map { |of_days| of_days&.index_by(&:first) }
      Array.new(document[:days]) do |index|
        _, count, kind = failures[index]
        row = [ *envelope.values, first + index, *counts.keys.map { |name| document[name][index] } ]
        row << (document[:downloads][index] && !unsettled.include?(index)) if unsettled
        row.push(fell.include?(index), imported.include?(index))
        row << (stale[index]&.second || 0) if stale
        row << (partial[index]&.second || 0) if partial
        row.push(count || 0, kind, *versions.map { |version| version[:totals][index] })
      end
    end

    def counts
      COUNTS.select { |name, _| document.key?(name) }
    end

    def versions
      document[:versions] || (document[:groups] || []).map { |group| { tags: [ group[:name] ], totals: group[:totals] } }
    end
end

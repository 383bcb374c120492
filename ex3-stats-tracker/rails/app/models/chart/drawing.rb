# The picture of one or more histories: which of their figures it shows, and in which steps.
class Chart::Drawing
  KINDS = %w[total downloads versions].freeze
  ORG_KINDS = %w[total downloads].freeze

  MAX_SUBJECTS = 8
  VERSIONS = 6

  # More bars than this are too narrow to tell apart: then each is a week's.
  MAX_BARS = 190
  WEEK = 7

  # The kind is one that the subjects' charts don't have.
  class NotThere < StandardError; end

  def self.kinds_of(subject)
    subject.is_a?(Org) ? ORG_KINDS : KINDS
  end

  # +subjects+: packages, or one organisation. +first+ and +last+ limit the range.
  def initialize(subjects, kind:, first: nil, last: nil)
    @subjects, @kind = subjects, kind
    @charts = subjects.map { |subject| Chart.of(subject, first:, last:, versions: kind == "versions" ? VERSIONS : 0) }
  end

  # The days of the axis.
  def dates
    @dates ||= @charts.map { |chart| chart.dates.begin }.min..@charts.map { |chart| chart.dates.end }.max
  end

  def to_svg(logarithmic: false, theme: "light")
    raise NotThere, "there is no day in this range" if dates.none?

    documents = @charts.map(&:as_json)
    series = @kind == "versions" ? versions(documents.first) : @subjects.zip(documents).map { |subject, document| of(document, name(subject)) }
    bars = @kind == "downloads" && series.one?
    Chart::Picture.new(title, series, dates:, source:, stand_in: @subjects.any? { |subject| org(subject).stand_in? },
      imported: @kind == "total" && documents.any? { |document| document[:imported].any? }, bar_days: (step if bars), logarithmic:, theme:).to_svg
  end

  private
    def days
      (dates.end - dates.begin).to_i + 1
    end

    def step
      @kind == "downloads" && days > MAX_BARS ? WEEK : 1
    end

    def of(document, name)
      return row(document, name, document[:totals], continuous: true, fell: document[:fell]) if @kind == "total"

      unsettled = document[:unsettled] | (document[:partial] || []).map(&:first)
      counts, unsettled = step == WEEK ? weeks(document, unsettled.to_set) : [ document[:downloads], unsettled ]
      row(document, name, counts, continuous: false, step:, unsettled:)
    end

    def versions(document)
      found = document[:versions].presence or raise NotThere, "there is no version to show"
      found.map { |version| row(document, version[:tags].first(2).join(", ").presence || version[:id].to_s, version[:totals], continuous: true) }
    end

    def row(document, name, values, **options)
      Chart::Series.new(name, values, first: Date.iso8601(document[:from]), origin: dates.begin, length: days,
        failures: document[:failures].map(&:first), **options)
    end

    # The sum of each whole week, from Monday, on its first day; the week that is not over is the only one with fewer days.
    # Where a day is missing, the week's sum is unknown.
    def weeks(document, unsettled)
      counts = document[:downloads]
      first_monday = (1 - Date.iso8601(document[:from]).cwday) % WEEK
      sums, open = Array.new(counts.size), []
      first_monday.step(counts.size - 1, WEEK) do |monday|
        week = counts[monday, WEEK]
        next if week.any?(&:nil?)

        sums[monday] = week.sum
        open << monday if week.size < WEEK || (monday...monday + WEEK).any? { |day| unsettled.include?(day) }
      end
      [ sums, open ]
    end

    def title
      what = { "total" => "total downloads", "downloads" => "downloads a #{step == WEEK ? "week" : "day"}", "versions" => "downloads by version" }.fetch(@kind)
      @subjects.one? ? "#{name(@subjects.first)}: #{what}" : what.upcase_first
    end

    def source
      read = @subjects.filter_map(&:measured_at).max
      from = "ghcr.io, " unless @subjects.all? { |subject| org(subject).stand_in? }
      "#{from}#{read ? "read #{read.utc.strftime("%Y-%m-%d %H:%M")} UTC" : "never read"}"
    end

    def org(subject)
      subject.is_a?(Org) ? subject : subject.org
    end

    def name(subject)
      subject.is_a?(Org) ? subject.name : "#{subject.org.name}/#{subject.name}"
    end
end

# An organisation's week in figures: its downloads, the packages with the most of them, and what happened.
class Notification::Summary
  # So many packages are named.
  PACKAGES = 5
  RELEASES = 10

  # +week+: from Monday to Sunday, of UTC.
  def initialize(org, week)
    @org, @week = org, week
  end

  def to_h
    { "week" => @week.begin.iso8601, "until" => @week.end.iso8601, "total" => @org.total, **period, "packages" => packages,
      "releases" => releases, "failing" => @org.packages.listed.failing.count,
      "gone" => @org.packages.vanished.where(vanished_at: @week.begin.beginning_of_day..@week.end.end_of_day).count }
  end

  private
    # before, after: of the packages whose counts are known for each day of both weeks.
    def period
      downloads = Downloads.of(@org)
      week = Downloads::Comparison.new(downloads, downloads.days((@week.begin - 7)..@week.end), through: @week.end).periods.find { |period| period.name == :week }
      { "downloads" => week&.count, "incomplete" => week&.incomplete.to_i, "after" => week&.after, "before" => week&.before, "not_compared" => week&.not_compared.to_i }
    end

    def packages
      high, low = Downloads.sums.map { |sum| Arel.sql(sum) }
      rows = DailyDownload.where(package: @org.packages, date: @week).joins(:package).group("packages.name").pluck("packages.name", high, low)
      rows.map { |name, *parts| [ name, Downloads.joined(*parts) ] }.select { |_, count| count&.positive? }
        .sort_by { |name, count| [ -count, name ] }.first(PACKAGES).map { |name, count| { "package" => name, "downloads" => count } }
    end

    def releases
      Releases.of(@org, @week).last(RELEASES).map { |release| { "package" => release.package, "release" => release.tag } }
    end
end

# Writing down what was read of a package, or that it could not be read. Each of these is one transaction's work or a
# part of it: after it everything that pages are drawn from agrees.
module Package::Recording
  extend ActiveSupport::Concern

  # How far from so many days ago a total may have been read to stand for that time.
  NEAR = { 1 => 12.hours, 7 => 1.day, 30 => 2.days, 365 => 7.days }.freeze

  # Writes down a reading of the total and the daily downloads. The same reading a second time changes nothing, and a
  # later one of the same second replaces it.
  def record(reading, collection: nil)
    at = reading.measured_at
    before = total_before(at)
    fell = before.present? && reading.total < before
    Measurement.upsert({ package_id: id, at:, total: reading.total, fell:, collection_id: collection&.id },
      unique_by: %i[package_id at])
    record_daily reading
    record_day at, total: reading.total, fell: fell
    Milestone.passed(org_id:, package_id: id, from: before, to: reading.total, at:)
    update!(latest(reading, fell && before)) unless measured_at&.after?(at)
  end

  # Writes down that the total or the versions could not be read.
  def record_failure(problem, about:, at:, collection: nil)
    failure = failures.find_or_initialize_by(about:, at:)
    return unless failure.new_record?

    failure.update!(org_id:, collection:, kind: problem.kind, detail: problem.detail)
    days.upsert({ date: at.to_date, failures: 1, failure_kind: problem.kind }, unique_by: %i[package_id date],
      on_duplicate: Arel.sql("failures = package_days.failures + 1, failure_kind = excluded.failure_kind"))
    update!(failing_since: failing_since || at, failure_kind: problem.kind) if about == "total"
  end

  # Writes down the list of versions. A version's total is written down for the days on which it changed.
  def record_versions(list, at:)
    known = versions.pluck(:github_id, :total).to_h
    list.each_with_index.each_slice(1000) do |slice|
      versions.upsert_all(slice.map { |version, position|
        { github_id: version.id, tags: version.tags, position:, total: version.total, measured_at: at, vanished_at: nil }
      }, unique_by: %i[package_id github_id])
    end
    versions.where(vanished_at: nil).where.not(measured_at: at).update_all(vanished_at: at)
    changed = list.reject { |version| known[version.id] == version.total }
    ids = versions.where(github_id: changed.map(&:id)).pluck(:github_id, :id).to_h
    changed.each_slice(1000) do |slice|
      Version::Day.upsert_all(slice.map { |version| { version_id: ids.fetch(version.id), date: at.to_date, total: version.total } },
        unique_by: %i[version_id date])
    end
    days.upsert({ date: at.to_date, versions_read: true }, unique_by: %i[package_id date])
    update!(versions_measured_at: at)
  end

  # Versions are read once a day: their lists are the longest, and a day is as fine as their history is kept.
  def versions_due?(at)
    versions_measured_at.nil? || versions_measured_at.to_date < at.to_date
  end

  private
    # The newest total that was read before that time.
    def total_before(at)
      if measured_at&.before?(at)
        total
      else
        measurements.where(at: ...at).order(:at).last&.total
      end
    end

    # Every page shows 30 days: so gaps of up to 29 heal. The page read last has the last word on a day.
    def record_daily(reading)
      return if reading.daily.empty?

      read_at = reading.measured_at
      rows = reading.daily.map { |date, count| { date:, count:, read_at:, settled: read_at >= date.end_of_day } }
      daily_downloads.upsert_all(rows, unique_by: %i[package_id date], on_duplicate: Arel.sql(<<~SQL))
        count = excluded.count, read_at = excluded.read_at, settled = excluded.settled
        WHERE excluded.read_at >= daily_downloads.read_at
      SQL
    end

    # The day's row holds the total that was read last on it.
    def record_day(at, total:, fell:)
      days.upsert({ date: at.to_date, total:, measured_at: at, fell: }, unique_by: %i[package_id date], on_duplicate: Arel.sql(<<~SQL))
        total = excluded.total, measured_at = excluded.measured_at, fell = (package_days.fell OR excluded.fell)
        WHERE package_days.measured_at IS NULL OR excluded.measured_at >= package_days.measured_at
      SQL
    end

    def latest(reading, fell_from)
      at = reading.measured_at
      daily = reading.daily.sort.last(30)
      { total: reading.total, measured_at: at, failing_since: nil, failure_kind: nil, **growth_until(at, reading.total) }
        .merge(daily.any? ? { recent: daily.map(&:last), recent_until: daily.last.first } : {})
        .merge(fell_from ? { fell_at: at, fell_from: } : {})
    end

    # By how much the total grew since the measurement that is nearest to so many days ago, for each span.
    def growth_until(at, total)
      near = totals_near(at)
      Growing::SPANS.to_h do |span|
        _, _, base = near.select { |of, _, _| of == span }.min_by { |_, time, _| (time - (at - span.days)).abs }
        [ :"growth_#{span}", base && total - base ]
      end
    end

    # The measurements just before and just after each span's beginning, in one query.
    def totals_near(at)
      queries = Growing::SPANS.flat_map do |span|
        then_ = at - span.days
        before = measurements.where(at: (then_ - NEAR[span])..then_).order(at: :desc)
        after = measurements.where(at: then_..[ then_ + NEAR[span], at - 1 ].min).order(at: :asc)
        [ before, after ].map { |query| "SELECT * FROM (#{query.limit(1).select("#{span} AS span", :at, :total).to_sql}) AS m" }
      end
      self.class.connection.select_all(queries.join(" UNION ALL ")).map do |row|
        time = row["at"]
        [ row["span"], time.is_a?(String) ? Time.find_zone("UTC").parse(time) : time.in_time_zone("UTC"), row["total"] ]
      end
    end
end

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
    Measurement.write [ { package_id: id, at:, total: reading.total, fell:, collection_id: collection&.id } ],
      conflict: "package_id, at", set: "total = excluded.total, fell = excluded.fell, collection_id = excluded.collection_id"
    record_daily reading
    record_day at, total: reading.total, fell: fell
    Milestone.passed(org_id:, package_id: id, from: before, to: reading.total, at:)
    newest = measured_at.nil? || at >= measured_at
    update_columns collection_id: collection&.id || collection_id, updated_at: Time.current,
      **(newest ? latest(reading, fell && before) : {})
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
    list.each_with_index.each_slice(1000) do |slice|
      Version.write slice.map { |version, position|
        { package_id: id, github_id: version.id, tags: version.tags.to_json, position:, total: version.total, measured_at: at,
          created_at: at, updated_at: at }
      }, conflict: "package_id, github_id", set: <<~SQL.squish
        tags = excluded.tags, position = excluded.position, total = excluded.total, measured_at = excluded.measured_at,
        updated_at = excluded.updated_at, vanished_at = NULL
      SQL
    end
    versions.where(vanished_at: nil).where.not(measured_at: at).update_all(vanished_at: at)
    record_version_days at.to_date
    Package::Day.write [ { package_id: id, date: at.to_date, versions_read: true } ],
      conflict: "package_id, date", set: "versions_read = excluded.versions_read"
    update_columns versions_measured_at: at, updated_at: Time.current
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
      read_at = reading.measured_at
      rows = reading.daily.map { |date, count| { package_id: id, date:, count:, read_at:, settled: read_at.to_date > date } }
      DailyDownload.write rows, conflict: "package_id, date", set: <<~SQL.squish
        count = excluded.count, read_at = excluded.read_at, settled = excluded.settled
        WHERE excluded.read_at >= daily_downloads.read_at
      SQL
    end

    # The day's row holds the total that was read last on it.
    def record_day(at, total:, fell:)
      Package::Day.write [ { package_id: id, date: at.to_date, total:, measured_at: at, fell: } ],
        conflict: "package_id, date", set: <<~SQL.squish
          total = excluded.total, measured_at = excluded.measured_at, fell = (package_days.fell OR excluded.fell)
          WHERE package_days.measured_at IS NULL OR excluded.measured_at >= package_days.measured_at
        SQL
    end

    def record_version_days(date)
      self.class.connection.update <<~SQL.squish, "Version::Day Write"
        INSERT INTO version_days (version_id, date, total)
        SELECT versions.id, #{self.class.connection.quote(date)}, versions.total FROM versions
        WHERE versions.package_id = #{id} AND versions.vanished_at IS NULL AND versions.total IS DISTINCT FROM
          (SELECT total FROM version_days WHERE version_id = versions.id ORDER BY date DESC LIMIT 1)
        ON CONFLICT (version_id, date) DO UPDATE SET total = excluded.total
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
        beginning, near = at - span.days, NEAR[span]
        [ total_between(span, beginning - near, beginning, :DESC), total_between(span, beginning, beginning + near, :ASC) ]
      end
      self.class.connection.select_rows(queries.join(" UNION ALL "), "Growth").map do |span, time, total|
        [ span, time.is_a?(String) ? Time.find_zone("UTC").parse(time) : time, total ]
      end
    end

    def total_between(span, first, last, direction)
      first, last = [ first, last ].map { |time| self.class.connection.quote(time) }
      "SELECT * FROM (SELECT #{span} AS span, at, total FROM measurements WHERE package_id = #{id} " \
        "AND at BETWEEN #{first} AND #{last} ORDER BY at #{direction} LIMIT 1) AS nearest"
    end
end

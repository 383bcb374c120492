# Storing readings and failures of packages. The caller opens the transaction: after it all tables that pages read agree
# with each other.
#
# Readings of several packages take as many statements as a reading of one.
module Package::Recording
  extend ActiveSupport::Concern

  class_methods do
    # Stores readings of totals and daily downloads, by package. The same reading a second time changes nothing; another
    # one of the same second replaces it. The package objects keep their old values until they are reloaded. A reading
    # from the future is stored as a failure: it would count as the newest until that time. +pace+ decides when the packages
    # are read next.
    def record(readings, collection: nil, pace: Pace::ALWAYS)
      ahead, readings = readings.partition { |_, reading| Clock.ahead?(reading.measured_at) }.map(&:to_h)
      ahead.each { |package, reading| package.record_failure(Clock.problem(reading.measured_at), about: "total", at: Time.current, collection:) }
      before = readings.to_h { |package, reading| [ package, package.total_before(reading.measured_at) ] }
      fallen = before.select { |package, total| total && readings[package].total < total }
      record_totals readings, fallen, collection
      record_daily readings
      readings.each do |package, reading|
        Milestone.record(org_id: package.org_id, package_id: package.id, from: before[package], to: reading.total, at: reading.measured_at)
      end
      newest, late = readings.partition do |package, reading|
        package.measured_at.nil? || reading.measured_at >= package.measured_at || Clock.ahead?(package.measured_at)
      end
      record_latest newest, fallen, collection, pace
      where(id: late.map(&:first)).update_all(updated_at: Time.current, **(collection ? { collection_id: collection.id } : {})) if late.any?
    end

    # Where the stored total is from the future, because a clock was wrong, restores the newest plausible one.
    def discard_future_totals
      where(measured_at: Clock.latest_plausible..).where.not(measured_at: Clock.latest_plausible).find_each do |package|
        last = package.measurements.where(at: ..Clock.latest_plausible).order(:at).last
        fell = package.fell_at if package.fell_at && !Clock.ahead?(package.fell_at)
        package.update!(total: last&.total, measured_at: last&.at, moved_at: last&.at, resting_until: nil, fell_at: fell, fell_from: fell && package.fell_from,
          **Growing::SPANS.to_h { |span| [ :"growth_#{span}", nil ] })
      end
    end

    # Stores lists of versions, each as package, list and time. A version gets a row for each day on which its total
    # changed. A version without a change is not written: Version#last_read_at has the time of its reading.
    def record_versions(lists)
      lists.group_by { |*, at| at.to_date }.each do |date, of_day|
        version_rows(of_day).each_slice(1000) { |rows| record_version_days write_versions(rows), date }
      end
      lists.group_by(&:last).each do |at, of_time|
        mark_vanished_versions of_time, at
        where(id: of_time.map(&:first)).update_all(versions_measured_at: at, updated_at: Time.current)
      end
      Package::Day.write lists.map { |package, _, at| { package_id: package.id, date: at.to_date, versions_read: true } },
        conflict: "package_id, date", set: "versions_read = excluded.versions_read"
    end

    private
      # The values of each version in the columns of `write_versions`.
      def version_rows(lists)
        lists.flat_map do |package, list, at|
          list.each_with_index.map { |version, position| [ package.id, version.id, JSON.generate(version.tags), position, version.total, at ] }
        end
      end

      # Returns the ids of the versions that are new or have changed, or were written by a clock that was ahead. The others
      # are left out before the conflict: PostgreSQL locks each row of a conflict, which costs as much as a write.
      def write_versions(rows)
        tags, at = Database.postgresql? ? [ "CAST(new.tags AS jsonb)", "CAST(new.at AS timestamp)" ] : %w[new.tags new.at]
        lease_connection.exec_insert_all(<<~SQL, "Version Write").rows.flatten
          WITH new(package_id, github_id, tags, position, total, at) AS (VALUES #{values_list(rows)})
          INSERT INTO versions (package_id, github_id, tags, position, total, measured_at, created_at, updated_at)
          SELECT new.package_id, new.github_id, #{tags}, new.position, new.total, #{at}, #{at}, #{at}
          FROM new LEFT JOIN versions ON versions.package_id = new.package_id AND versions.github_id = new.github_id
          WHERE versions.id IS NULL OR versions.total <> new.total OR versions.position <> new.position OR versions.tags <> #{tags}
            OR versions.vanished_at IS NOT NULL OR versions.measured_at > #{at}
          ON CONFLICT (package_id, github_id) DO UPDATE SET tags = excluded.tags, position = excluded.position,
            total = excluded.total, measured_at = excluded.measured_at, updated_at = excluded.updated_at, vanished_at = NULL
          RETURNING id
        SQL
      end

      # The versions that a list no longer has were last read at the package's reading before.
      def mark_vanished_versions(lists, at)
        listed = Version.listed.where(package: lists.map(&:first)).group(:package_id).count
        lists.each do |package, list|
          next if listed.fetch(package.id, 0) == list.size

          Version.listed.where(package:).where.not(github_id: list.map(&:id))
            .update_all([ "vanished_at = ?, measured_at = COALESCE((SELECT versions_measured_at FROM packages WHERE id = package_id), measured_at)", at ])
        end
      end

      # A day's row has the day's last total.
      def record_totals(readings, fallen, collection)
        Measurement.write readings.map { |package, reading|
          { package_id: package.id, at: reading.measured_at, total: reading.total, fell: fallen.key?(package), collection_id: collection&.id,
            day_count: reading.daily[reading.measured_at.to_date] }
        }, conflict: "package_id, at", set: "total = excluded.total, fell = excluded.fell, collection_id = excluded.collection_id, day_count = excluded.day_count"
        Package::Day.write readings.map { |package, reading|
          { package_id: package.id, date: reading.measured_at.to_date, total: reading.total, measured_at: reading.measured_at, fell: fallen.key?(package), imported: false }
        }, conflict: "package_id, date", set: <<~SQL.squish
          imported = excluded.imported, total = excluded.total, measured_at = excluded.measured_at, fell = (package_days.fell OR excluded.fell)
          WHERE package_days.measured_at IS NULL OR excluded.measured_at >= package_days.measured_at
            OR package_days.measured_at > #{lease_connection.quote(Clock.latest_plausible)}
        SQL
      end

      # Every page shows 30 days, so that gaps of up to 29 days are filled. The newest page decides a day's count. Most
      # counts have not changed since the last page: a comparison costs less than a write.
      def record_daily(readings)
        known = known_daily(readings)
        rows = readings.flat_map do |package, reading|
          read_at = reading.measured_at
          today = read_at.to_date
          reading.daily.filter_map do |date, count|
            settled = today > date
            { package_id: package.id, date:, count:, read_at:, settled: } if known[[ package.id, date ]] != [ count, settled ]
          end
        end
        DailyDownload.write rows, conflict: "package_id, date", set: <<~SQL.squish
          count = excluded.count, read_at = excluded.read_at, settled = excluded.settled
          WHERE excluded.read_at >= daily_downloads.read_at OR daily_downloads.read_at > #{lease_connection.quote(Clock.latest_plausible)}
        SQL
      end

      # The stored count and its settled flag, by package id and day.
      def known_daily(readings)
        first, last = readings.flat_map { |_, reading| reading.daily.keys }.minmax
        return {} unless first

        DailyDownload.where(package_id: readings.map { |package, _| package.id }, date: first..last)
          .pluck(:package_id, :date, :count, :settled).to_h { |id, date, *known| [ [ id, date ], known ] }
      end

      # A page without a chart keeps `recent`, and a total that did not fall keeps the last fall.
      def record_latest(readings, fallen, collection, pace)
        now = Time.current
        growths = growths_until(readings)
        write readings.map { |package, reading|
          recent, recent_until = last_days(reading.daily)
          moved_at = (package.moved_at if package.total == reading.total) || reading.measured_at
          { org_id: package.org_id, name: package.name, created_at: now, updated_at: now,
            collection_id: collection&.id, total: reading.total, measured_at: reading.measured_at,
            moved_at:, resting_until: pace.resting_until(package.id, moved_at:, measured_at: reading.measured_at),
            recent: (JSON.generate(recent) if recent), recent_until:,
            fell_at: (reading.measured_at if fallen.key?(package)), fell_from: fallen[package], **growths[package] }
        }, conflict: "org_id, name", set: <<~SQL.squish
          collection_id = COALESCE(excluded.collection_id, packages.collection_id), updated_at = excluded.updated_at,
          total = excluded.total, measured_at = excluded.measured_at, moved_at = excluded.moved_at,
          resting_until = excluded.resting_until, failing_since = NULL, failure_kind = NULL,
          recent = COALESCE(excluded.recent, packages.recent), recent_until = COALESCE(excluded.recent_until, packages.recent_until),
          fell_at = COALESCE(excluded.fell_at, #{earlier_fall "fell_at"}), fell_from = COALESCE(excluded.fell_from, #{earlier_fall "fell_from"}),
          #{Growing::SPANS.map { |span| "growth_#{span} = excluded.growth_#{span}" }.join(", ")}
        SQL
      end

      # The counts of the page's last 30 days, oldest first, with nil for a missing day; and the last day.
      def last_days(daily)
        last = daily.keys.max or return
        first = [ daily.keys.min, last - 29 ].max
        [ (first..last).map { |date| daily[date] }, last ]
      end

      # The stored fall, unless it is from the future.
      def earlier_fall(column)
        "CASE WHEN packages.fell_at > #{lease_connection.quote(Clock.latest_plausible)} THEN NULL ELSE packages.#{column} END"
      end

      # For each span: the growth since the measurement that is nearest to the span's beginning.
      def growths_until(readings)
        near = totals_near(readings.reject { |package, _| package.measured_at.nil? })
        readings.to_h do |package, reading|
          [ package, Growing::SPANS.to_h { |span|
            ago = reading.measured_at - span.days
            _, total = near[[ package.id, span ]]&.min_by { |time, _| (time - ago).abs }
            [ :"growth_#{span}", total && reading.total - total ]
          } ]
        end
      end

      # The measurements just before and just after each span's beginning, as times and totals, by package id and span.
      # The reading that is being stored is never among them: it is too new, even for the shortest span.
      def totals_near(readings)
        return {} if readings.empty?

        rows = lease_connection.select_rows(<<~SQL.squish, "Growth")
          WITH spans(package_id, span, since, beginning, until) AS (VALUES #{spans_before(readings).join(", ")})
          SELECT package_id, span, #{nearest "since AND beginning", :DESC}, #{nearest "beginning AND until", :ASC} FROM spans
        SQL
        rows.to_h do |id, span, *near|
          [ [ id, span ], near.each_slice(2).filter_map { |time, total| [ time.is_a?(String) ? Time.find_zone("UTC").parse(time) : time, total ] if time } ]
        end
      end

      def spans_before(readings)
        type = "timestamp " if Database.postgresql?
        # Most readings have the same few times.
        literals = Hash.new { |texts, time| texts[time] = "#{type}#{lease_connection.quote(time)}" }
        readings.flat_map do |package, reading|
          Growing::SPANS.map do |span|
            beginning, near = reading.measured_at - span.days, Growing::NEAR[span]
            "(#{package.id}, #{span}, #{literals[beginning - near]}, #{literals[beginning]}, #{literals[beginning + near]})"
          end
        end
      end

      def nearest(times, direction)
        %w[at total].map { |column|
          "(SELECT #{column} FROM measurements WHERE package_id = spans.package_id AND at BETWEEN #{times} ORDER BY at #{direction} LIMIT 1)"
        }.join(", ")
      end

      def record_version_days(ids, date)
        return if ids.empty?

        lease_connection.update <<~SQL.squish, "Version::Day Write"
          INSERT INTO version_days (version_id, date, total)
          SELECT versions.id, #{lease_connection.quote(date)}, versions.total FROM versions
          WHERE versions.id IN (#{ids.join(", ")}) AND versions.total IS DISTINCT FROM
            (SELECT total FROM version_days WHERE version_id = versions.id AND date <= #{lease_connection.quote(date)} ORDER BY date DESC LIMIT 1)
          ON CONFLICT (version_id, date) DO UPDATE SET total = excluded.total
        SQL
      end
  end

  # Stores that the total or the versions could not be read.
  def record_failure(problem, about:, at:, collection: nil)
    failure = failures.find_or_initialize_by(about:, at:)
    return unless failure.new_record?

    failure.update!(org_id:, collection:, kind: problem.kind, detail: problem.detail)
    days.upsert({ date: at.to_date, failures: 1, failure_kind: problem.kind }, unique_by: %i[package_id date],
      on_duplicate: Arel.sql("failures = package_days.failures + 1, failure_kind = excluded.failure_kind"))
    # updated_at changes in any case: cached charts lack this failure.
    update!(updated_at: Time.current, **(about == "total" ? { failing_since: [ failing_since, at ].compact.min, failure_kind: problem.kind } : {}))
  end

  # Versions are read once a day: their lists take the most requests, and their history has one row a day.
  def versions_due?(at)
    versions_measured_at&.to_date != at.to_date
  end

  # The newest total that was read before that time.
  def total_before(at)
    if measured_at.nil?
      nil
    elsif measured_at.before?(at)
      total
    else
      measurements.where(at: ...at).order(:at).last&.total
    end
  end
end

# What is worth telling in an organisation's stored readings. The same event has the same key each time it is found.
class Notification::Findings
  # at: nil for what is only remembered, so that it is not looked at again.
  Finding = Data.define(:kind, :key, :at, :data)

  # A release's downloads that are told once.
  RELEASE_DOWNLOADS = 10_000

  # So long a package, or the list, is not read.
  FAILING = 1.day

  # Events before +since+ need not be found.
  def initialize(org, since:, now: Time.current)
    @org, @since, @now = org, since, now
  end

  def to_a
    [ summary, *releases, *falls, *gone, *failing, *changed ].compact
  end

  private
    attr_reader :org, :since, :now

    def finding(kind, key, at, **data)
      Finding.new(kind:, key: [ kind, *key ].join("/"), at: (at.is_a?(String) ? Time.find_zone("UTC").parse(at) : at), data: data.compact.stringify_keys)
    end

    # That of the last whole week, after the first collection that was finished since.
    def summary
      monday = now.to_date.beginning_of_week
      return unless org.last_success&.started_at&.>= monday.beginning_of_day

      week = (monday - 7)..(monday - 1)
      finding("summary", week.begin.iso8601, monday.beginning_of_day).with(data: Notification::Summary.new(org, week).to_h) if monday.beginning_of_day >= since
    end

    # A release of a package's first list that had more downloads already is remembered only.
    def releases
      Version.listed.joins(:package).where(packages: { org_id: org.id, vanished_at: nil }, total: RELEASE_DOWNLOADS..)
        .where("NOT EXISTS (SELECT 1 FROM notification_events WHERE org_id = ? AND key = 'release_downloads/' || versions.id)", org.id)
        .pluck(:id, "packages.name", :tags, :total, :measured_at, :created_at, *RELEASE_COLUMNS)
        .map { |row| release(*row) }
    end

    # The time of the package's first list, the version's first total, and the first day with so many downloads.
    RELEASE_COLUMNS = [
      "(SELECT MIN(created_at) FROM versions AS of_package WHERE of_package.package_id = versions.package_id)",
      "(SELECT total FROM version_days WHERE version_id = versions.id ORDER BY date LIMIT 1)",
      "(SELECT MIN(date) FROM version_days WHERE version_id = versions.id AND total >= #{RELEASE_DOWNLOADS})"
    ].map { |sql| Arel.sql(sql) }.freeze
    private_constant :RELEASE_COLUMNS

    def release(id, package, tags, total, measured_at, created_at, listed_at, first_total, passed_on)
      tags = Version::Tags.new(tags)
      old = created_at == time(listed_at) && first_total.to_i >= RELEASE_DOWNLOADS
      at = ([ passed_on.to_date.end_of_day, measured_at ].min if passed_on && !old && tags.kind == :release)
      finding("release_downloads", id, at, package:, release: tags.name, downloads: total, first_seen: created_at.to_date.iso8601)
    end

    def time(value)
      value.is_a?(String) ? Time.find_zone("UTC").parse(value) : value
    end

    # One a day for each package: a total may fall and rise again with every reading.
    def falls
      org.packages.where(fell_at: since..).flat_map do |package|
        package.measurements.where(fell: true, at: since..).order(:at).to_a.uniq { |measurement| measurement.at.to_date }.map do |measurement|
          before = package.measurements.where(at: ...measurement.at).order(:at).last&.total
          finding("total_fell", [ package.id, measurement.at.to_date.iso8601 ], measurement.at, package: package.name, from: before, to: measurement.total)
        end
      end
    end

    # An imported package that was never on a list has not gone.
    def gone
      packages = org.packages.where(vanished_at: since..).where.not(listed_at: nil).map do |package|
        finding("package_gone", [ package.id, package.vanished_at.utc.iso8601 ], package.vanished_at, package: package.name, total: package.total)
      end
      packages << finding("package_gone", [ "organisation", org.vanished_at.utc.iso8601 ], org.vanished_at, total: org.total) if org.vanished?
      packages
    end

    def failing
      packages = org.packages.listed.where(failing_since: ..(now - FAILING)).map do |package|
        finding("reading_failing", [ package.id, package.failing_since.utc.iso8601 ], package.failing_since + FAILING,
          package: package.name, since: package.failing_since.utc.iso8601, failure: package.failure_kind)
      end
      first = list_failures.order(:at).first
      return packages unless first && first.at <= now - FAILING

      packages << finding("reading_failing", [ "list", first.at.utc.iso8601 ], first.at + FAILING,
        since: first.at.utc.iso8601, failure: list_failures.order(:at).last.kind)
    end

    # The first failure of this kind since the last success, of each total and of each list.
    def changed
      [ *changed_totals, *changed_versions, changed_list ].compact
    end

    def changed_totals
      org.packages.listed.where(failure_kind: "markup_changed").where.not(failing_since: nil).map do |package|
        markup(package, "total", package.measured_at, package.failures.where(about: "total"))
      end
    end

    def changed_versions
      ids = org.failures.where(about: "versions", kind: "markup_changed", at: since..).joins(:package)
        .where("packages.versions_measured_at IS NULL OR failures.at > packages.versions_measured_at").distinct.pluck(:package_id)
      org.packages.listed.where(id: ids).map { |package| markup(package, "versions", package.versions_measured_at, package.failures.where(about: "versions")) }
    end

    def changed_list
      markup(nil, "list", listed_at, list_failures)
    end

    def markup(package, about, read_at, failures)
      first = failures.where(kind: "markup_changed", at: read_at..).order(:at).first or return
      finding("markup_changed", [ about, package&.id, read_at&.utc&.iso8601 || "never" ].compact, first.at,
        package: package&.name, about:, detail: first.detail.truncate(200))
    end

    # Since the last list.
    def list_failures
      org.failures.where(package_id: nil, about: "list", at: listed_at..)
    end

    def listed_at
      @listed_at ||= org.collections.where.not(packages_listed: nil).maximum(:started_at)
    end
end

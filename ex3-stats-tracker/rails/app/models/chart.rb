# A history in columns: one row for each day, also for days without data. It is the JSON of a chart's URL; ../../README.md
# describes it.
class Chart
  # No screen shows more days, and the size of an answer has to have a limit.
  MAX_DAYS = 3660

  MAX_VERSIONS = 20

  attr_reader :dates

  def self.of(subject, versions: 0, **range)
    subject.is_a?(Org) ? OfOrg.new(subject, **range) : OfPackage.new(subject, versions:, **range)
  end

  # From +first+ to +last+, limited to the days with stored figures, and to the newest MAX_DAYS of them.
  def initialize(subject, first: nil, last: nil)
    @subject = subject
    last = [ last, last_day ].compact.min
    @dates = [ first, first_day, last - MAX_DAYS + 1 ].compact.max..last
  end

  def as_json(*)
    { from: dates.begin.iso8601, days: length, totals: column(days, :total), fell: indexes(days, &:fell),
      imported: indexes(days, &:imported), failures: failures,
      downloads: column(downloads, :count), unsettled: indexes(downloads) { |day| !day.settled }, releases: }
  end

  private
    attr_reader :subject

    def length
      [ dates.end.jd - dates.begin.jd + 1, 0 ].max
    end

    # The rows of the range, each at its day's index. A chart has thousands, and records would take ten times as long.
    def rows(relation, row)
      Array.new(length).tap do |rows|
        relation.where(date: dates).pluck(:date, *row.members).each { |date, *values| rows[date.jd - dates.begin.jd] = row.new(*values) }
      end
    end

    def column(rows, name)
      rows.map { |row| row&.public_send(name) }
    end

    def indexes(rows)
      rows.each_index.select { |index| rows[index] && yield(rows[index]) }
    end

    def failures
      indexes(days) { |day| day.failures.positive? }.map { |index| [ index, days[index].failures, days[index].failure_kind ] }
    end

    # Each release with the index of the day on which it was first seen.
    def releases
      Releases.of(subject, dates).map { |release| [ release.date.jd - dates.begin.jd, release.tag, *release_of(release) ] }
    end

    def release_of(_release)
      []
    end

    def first_day
      [ daily.first, Date.current ].compact.min
    end

    def daily
      @daily ||= Downloads.of(subject)
    end

    # A row with a later date comes from a wrong clock.
    def last_day
      Date.current
    end

    class OfPackage < self
      Day = Struct.new(:total, :fell, :imported, :failures, :failure_kind, :versions_read)
      Download = Struct.new(:count, :settled)

      # +group+: the versions are those with the most downloads in the range, grouped as Version::Tags::GROUPS says. nil:
      # those with the largest totals.
      def initialize(package, versions: 0, group: nil, **range)
        super(package, **range)
        @most_versions, @group = versions, group
      end

      def as_json(*)
        { org: subject.org.name, package: subject.name, source: subject.org.source, **super, **versions_shown }
      end

      private
        def versions_shown
          if @most_versions.zero? then {}
          elsif @group then VersionDownloads.new(subject, range: dates).grouped(@group, most: @most_versions)
          else { versions: }
          end
        end

        def days
          @days ||= rows(subject.days, Day)
        end

        def downloads
          @downloads ||= rows(subject.daily_downloads, Download)
        end

        # The versions with the most downloads, in GitHub's order.
        def versions
          most = subject.versions.order(total: :desc, id: :asc).limit(@most_versions).sort_by(&:position)
          changes = Version::Day.where(version: most, date: ..dates.end).order(:date).pluck(:version_id, :date, :total)
            .group_by(&:first)
          most.map do |version|
            { id: version.github_id, tags: version.tags, totals: totals_of(changes[version.id] || []) }
          end
        end

        # A version's total is stored on the days on which it changed. It is drawn on every day on which the versions were
        # read.
        def totals_of(changes)
          total, next_change = nil, 0
          days.each_with_index.map do |day, index|
            while next_change < changes.size && changes[next_change].second.jd - dates.begin.jd <= index
              total = changes[next_change].last
              next_change += 1
            end
            total if day&.versions_read
          end
        end
    end

    class OfOrg < self
      # An organisation's total may fall for a good reason, because packages come and go: no day is marked.
      Day = Struct.new(:total, :failures, :failure_kind, :packages_stale, :packages_imported) do
        def fell = false
        def imported = packages_imported.positive?
      end

      def as_json(*)
        { org: subject.name, source: subject.source, **super,
          stale: indexes(days) { |day| day.packages_stale.positive? }.map { |index| [ index, days[index].packages_stale ] },
          partial: indexes(downloads) { |day| day.partial.positive? }.map { |index| [ index, downloads[index].partial ] } }
      end

      private
        def release_of(release)
          [ release.package ]
        end

        def downloads
          @downloads ||= daily.days(dates).each_with_object(Array.new(length)) { |(date, day), rows| rows[date.jd - dates.begin.jd] = day }
        end

        def days
          @days ||= rows(subject.days, Day)
        end
    end
end

# A history in columns: one row for each day, without a gap in the days. It is what an address for charts answers;
# ../../README.md describes it.
class Chart
  # A longer range would be more than anyone can see, and more than anyone should be able to ask for.
  LONGEST = 3660

  MOST_VERSIONS = 20

  attr_reader :dates

  def initialize(subject, first: nil, last: nil)
    @subject = subject
    @dates = ((first || first_day)..(last || last_day))
    @dates = (@dates.begin..[ @dates.end, @dates.begin + LONGEST - 1 ].min)
  end

  def as_json(*)
    { from: dates.begin.iso8601, days: dates.count, totals: column(days, &:total),
      fell: rows_where { |day| day.try(:fell) }, failures: failures }
  end

  private
    attr_reader :subject

    def days
      @days ||= subject.days.where(date: dates).index_by(&:date)
    end

    def column(rows)
      dates.map { |date| (row = rows[date]) && yield(row) }
    end

    def rows_where(rows = days)
      dates.each_with_index.filter_map { |date, index| index if (row = rows[date]) && yield(row) }
    end

    def failures
      rows_where { |day| day.failures.positive? }.map do |index|
        day = days[dates.begin + index]
        [ index, day.failures, day.failure_kind ]
      end
    end

    def first_day
      first_days.compact.min || Date.current
    end

    def last_day
      [ subject.days.maximum(:date), Date.current ].compact.max
    end

    # Of a package.
    class OfPackage < self
      def initialize(package, versions: 0, **range)
        super(package, **range)
        @most_versions = versions
      end

      def as_json(*)
        { org: subject.org.name, package: subject.name, source: subject.org.source, **super,
          downloads: column(downloads, &:count), unsettled: rows_where(downloads) { |day| !day.settled },
          **(@most_versions.positive? ? { versions: versions } : {}) }
      end

      private
        def first_days
          [ subject.days.minimum(:date), subject.daily_downloads.minimum(:date) ]
        end

        def downloads
          @downloads ||= subject.daily_downloads.where(date: dates).index_by(&:date)
        end

        # Those with the most downloads, in GitHub's order.
        def versions
          most = subject.versions.order(total: :desc, id: :asc).limit(@most_versions).sort_by(&:position)
          changes = Version::Day.where(version: most, date: ..dates.end).order(:date).pluck(:version_id, :date, :total)
            .group_by(&:first)
          most.map do |version|
            { id: version.github_id, tags: version.tags, totals: totals_of(changes[version.id] || []) }
          end
        end

        # A version's total stands until it changes, on the days on which the versions were read.
        def totals_of(changes)
          total = nil
          dates.map do |date|
            total = changes.shift.last while changes.any? && changes.first.second <= date
            total if days[date]&.versions_read
          end
        end
    end

    # Of an organisation.
    class OfOrg < self
      def as_json(*)
        { org: subject.name, source: subject.source, **super,
          stale: rows_where { |day| day.packages_stale.positive? }.map { |index| [ index, days[dates.begin + index].packages_stale ] } }
      end

      private
        def first_days
          [ subject.days.minimum(:date) ]
        end
    end
end

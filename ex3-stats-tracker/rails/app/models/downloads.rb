# The daily downloads of a package, or of all packages of an organisation together.
class Downloads
  # A day of which at least one count is known.
  #
  # count: nil where the sum does not fit the database's integers. settled: false for a day that was not over at any
  # reading. partial: the number of packages of which the day's whole count is not known.
  Day = Data.define(:count, :settled, :partial)

  # The first and the last day on which a package is expected to have a count. The first one is the first day that is
  # stored of it: nothing is known of the days before.
  Life = Data.define(:first, :last) do
    def days_in(range)
      [ ([ last, range.end ].min - [ first, range.begin ].max).to_i + 1, 0 ].max
    end
  end

  # The sums of many packages may need more than 63 bits, and SQLite raises an error then: sums of two parts do not.
  PART = 1_000_000_000

  # The first stored days of a package.
  FIRST_DAYS = %w[daily_downloads package_days].map { |table|
    Arel.sql("(SELECT MIN(date) FROM #{table} WHERE package_id = packages.id)")
  }.freeze
  private_constant :FIRST_DAYS

  def self.of(subject)
    new(subject)
  end

  # The SQL of a sum of counts in two parts, of the rows for which +condition+ is true.
  def self.sums(condition = "1 = 1")
    [ "count / #{PART}", "count % #{PART}" ].map { |part| "SUM(CASE WHEN #{condition} THEN #{part} ELSE 0 END)" }
  end

  # The sum of the two parts; nil where it does not fit.
  def self.joined(high, low)
    sum = high.to_i * PART + low.to_i
    sum if sum <= Component::Contract::MAX_COUNT
  end

  def initialize(subject)
    @subject = subject
  end

  # The first day that is stored of any of the packages; nil where there is none.
  #
  # Cached, since it takes a look at the days of each package. A later reading of the same package has no earlier day; an
  # import of earlier ones changes the organisation.
  def first
    @first ||= Rails.cache.fetch([ "first day", subject, packages_read, Date.current ], skip_nil: true) { lives.values.map(&:first).min }
  end

  # The days with counts in the range, by date. A missing day is a gap.
  def days(range)
    by_date.where(date: range).to_h { |row| [ row.date, day(row) ] }
  end

  # One row for each day with counts: its sum in two parts, and the numbers of packages with a count and with a whole one.
  def by_date
    high, low = self.class.sums
    rows.group(:date).select("daily_downloads.date", "#{high} AS high", "#{low} AS low", "COUNT(*) AS packages",
      "SUM(CASE WHEN settled THEN 1 ELSE 0 END) AS whole")
  end

  # The Day of a row of +by_date+. A count of a day that was not over is part of the day's sum, and no whole one, unless
  # the day was not over for any package.
  def day(row)
    whole = row.whole.to_i
    Day.new(count: self.class.joined(row.high, row.low), settled: whole.positive?,
      partial: [ expected_on(row.date) - (whole.positive? ? whole : row.packages), 0 ].max)
  end

  # The number of packages that are expected to have a count of that day.
  def expected_on(date)
    @firsts ||= lives.values.map(&:first).sort
    @lasts ||= lives.values.map(&:last).sort
    begun = @firsts.bsearch_index { |first| first > date } || @firsts.size
    ended = @lasts.bsearch_index { |last| last >= date } || @lasts.size
    begun - ended
  end

  # The Life of each package by its id. Packages without any reading or failure have none.
  def lives
    @lives ||= stored.filter_map { |id, vanished_at, *firsts|
      first = firsts.compact.map(&:to_date).min
      last = vanished_at ? vanished_at.to_date.prev_day : Date.current
      [ id, Life.new(first:, last:) ] if first && first <= last
    }.to_h
  end

  # The last whole day, which is the one before the newest day that a page showed; nil where no page showed any.
  def through
    newest_day.prev_day if newest_day && newest_day <= Date.current
  end

  # All rows.
  def rows
    DailyDownload.where(package_id: packages.select(:id))
  end

  private
    attr_reader :subject

    def packages_read
      readings.first
    end

    # The newest day that a page showed.
    def newest_day
      readings.last&.to_date
    end

    # The number of packages that were read, and the newest day that a page of them showed.
    def readings
      @readings ||= subject.is_a?(Org) ? packages.pick(Arel.sql("COUNT(measured_at)"), newest_until_today) : [ 1, subject.recent_until ]
    end

    # A day after today comes from a wrong clock.
    def newest_until_today
      Arel.sql(Package.sanitize_sql([ "MAX(CASE WHEN recent_until <= ? THEN recent_until END)", Date.current ]))
    end

    def stored
      @stored ||= packages.pluck(:id, :vanished_at, *FIRST_DAYS)
    end

    def packages
      subject.is_a?(Org) ? subject.packages : Package.where(id: subject.id)
    end
end

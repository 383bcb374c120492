# Downloads of the last days against those of as many days before: a day against the same weekday of the week before, a
# week against the week before, 30 days against the 30 before.
#
# The sum has every known count. The change compares only the packages whose counts are known for each day of both
# periods: otherwise a package that is new or can't be read would look like a rise or a fall.
class Downloads::Comparison
  # The number of days of each period, and by how many days the period before is earlier.
  PERIODS = { day: [ 1, 7 ], week: [ 7, 7 ], month: [ 30, 30 ] }.freeze

  # known: the number of days of which at least one count is known. count: the sum of these; nil where no day is known.
  # incomplete: the number of packages whose counts are not known for each day. compared: the number of packages that the
  # change compares, of so many +comparable+ ones. after, before: their downloads; nil where none can be compared.
  Period = Data.define(:name, :days, :before_days, :known, :count, :incomplete, :compared, :comparable, :after, :before) do
    def length = days.count
    def whole? = known == length
    def not_compared = comparable - compared
    def change = (after - before if after && before)
  end

  # +by_date+: the downloads' days, at least all of the periods'. +through+: the last day of all periods.
  def initialize(downloads, by_date, through: downloads.through)
    @downloads, @by_date, @through = downloads, by_date, through
  end

  # The first day of all periods, for a comparison on that day or earlier.
  def self.first_day(last)
    last - PERIODS.values.map(&:sum).max
  end

  # A Period for each of PERIODS; empty where no day is known.
  def periods
    @periods ||= through ? PERIODS.map { |name, (length, shift)| period(name, *ranges(length, shift)) } : []
  end

  attr_reader :through

  private
    attr_reader :by_date

    # A package's settled days and their sum in two parts.
    Counted = Data.define(:days, :high, :low)
    NOTHING = Counted.new(0, 0, 0)
    private_constant :Counted, :NOTHING

    def ranges(length, shift)
      days = (through - length + 1)..through
      [ days, (days.begin - shift)..(days.end - shift) ]
    end

    def period(name, days, before_days)
      known = days.filter_map { |date| by_date[date] }
      expected, expected_before = [ days, before_days ].map { |range| @downloads.lives.transform_values { |life| life.days_in(range) } }
      incomplete = expected.count { |id, count| count.positive? && counted(id, days).days < count }
      comparable = expected.keys.select { |id| expected[id].positive? || expected_before[id].positive? }
      compared = comparable.select { |id| [ days, before_days ].all? { |range| counted(id, range).days == range.count } }
      Period.new(name:, days:, before_days:, known: known.size, count: (sum(known.map(&:count)) if known.any?), incomplete:,
        compared: compared.size, comparable: comparable.size, after: total(compared, days), before: total(compared, before_days))
    end

    def all_days
      all_ranges.map(&:begin).min..through
    end

    def all_ranges
      @all_ranges ||= PERIODS.values.flat_map { |length, shift| ranges(length, shift) }.uniq
    end

    def counted(id, range)
      by_package.dig(id, range) || NOTHING
    end

    # The Counted of each package in each range, by one statement for all of them.
    def by_package
      @by_package ||= begin
        columns = all_ranges.flat_map do |range|
          within = DailyDownload.sanitize_sql_array([ "date BETWEEN ? AND ? AND settled", range.begin, range.end ])
          [ "SUM(CASE WHEN #{within} THEN 1 ELSE 0 END)", *Downloads.sums(within) ]
        end
        @downloads.rows.where(date: all_days).group(:package_id)
          .pluck(:package_id, *columns.map { |column| Arel.sql(column) })
          .to_h { |id, *values| [ id, all_ranges.zip(values.each_slice(3).map { |slice| Counted.new(*slice.map(&:to_i)) }).to_h ] }
      end
    end

    def total(ids, range)
      return if ids.empty?

      Downloads.joined(ids.sum { |id| counted(id, range).high }, ids.sum { |id| counted(id, range).low })
    end

    # nil where a count or the sum does not fit the database's integers.
    def sum(counts)
      sum = counts.sum if counts.all?
      sum if sum && sum <= Component::Contract::MAX_COUNT
    end
end

# A row of figures, one for each day, as a line or as bars. The rules for gaps are those of app/javascript/series.js.
class Chart::Series
  # In days. A longer interval between two totals may be a gap.
  MAX_DAILY_INTERVAL = 1.5
  INTERVALS_BESIDE = 3

  # A range of days without data, from a day's middle (or beginning, of bars) to another one's.
  Gap = Data.define(:from, :to)

  attr_reader :name, :points, :gaps, :unsettled, :fell, :failures

  # +values+ has a number or nil for each day from +first+ on. A number is that of +step+ days, and its point is in their
  # middle. Days are counted from +origin+, where the axis begins, and it ends +length+ days later.
  def initialize(name, values, first:, origin:, length:, continuous:, step: 1, unsettled: [], fell: [], failures: [])
    @name, @step = name, step
    shift = (first - origin).to_i
    @points = values.each_with_index.filter_map { |value, index| [ index + shift + step / 2.0, value ] if value }
    @unsettled = unsettled.map { |index| index + shift + step / 2.0 }
    @fell, @failures = [ fell, failures ].map { |indexes| indexes.map { |index| index + shift + 0.5 } }
    @gaps = continuous ? gaps_between(length) : missing_days(length)
  end

  # The points without a gap between them, and the unsettled day's by itself: its downloads are no fall.
  def runs
    @runs ||= points.slice_when { |(before, _), (after, _)|
      gaps.any? { |gap| gap.from >= before && gap.to <= after } || unsettled.include?(after) || unsettled.include?(before)
    }.to_a
  end

  private
    def days
      @days ||= points.map(&:first)
    end

    # The gaps of a line: between two totals with a failure between them, between two that are much further apart than
    # their neighbours, and after the last one. A history with one reading a fortnight has few points and no gaps.
    def gaps_between(length)
      gaps = days.each_cons(2).with_index(1).filter_map do |(from, to), point|
        next if to - from <= MAX_DAILY_INTERVAL

        usual = [ usual_interval(point - INTERVALS_BESIDE, point - 1), usual_interval(point + 1, point + INTERVALS_BESIDE) ].max
        Gap.new(from:, to:) if to - from > 2 * usual || failures.any? { |failure| failure > from && failure < to }
      end
      last = days.last || failures.first or return gaps
      longest = [ MAX_DAILY_INTERVAL, 2 * usual_interval(days.size - INTERVALS_BESIDE, days.size - 1) ].max
      gaps << Gap.new(from: last, to: length) if days.empty? || length - last > longest
      gaps
    end

    # The median of the intervals that end at the points from +first+ to +last+; 0 where there are none.
    def usual_interval(first, last)
      points = ([ first, 1 ].max..[ last, days.size - 1 ].min)
      intervals = points.map { |index| days[index] - days[index - 1] }.sort
      intervals[intervals.size / 2] || 0
    end

    # The gaps of daily counts: each range of days without one.
    def missing_days(length)
      return [] if days.empty?

      half = @step / 2.0
      [ *days, length + half ].each_cons(2).filter_map { |from, to| Gap.new(from: from + half, to: to - half) if to - from > @step }
    end
end

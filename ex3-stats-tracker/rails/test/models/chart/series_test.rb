require "test_helper"

# The rules for gaps, as those of series.js in the browser's tests.
class Chart::SeriesTest < ActiveSupport::TestCase
  FIRST = Date.new(2026, 5, 1)

  def gaps(values, length: values.size, **options)
    Chart::Series.new("x", values, first: FIRST, origin: FIRST, length:, **options).gaps.map { |gap| [ gap.from, gap.to ] }
  end

  test "a line has a gap where an interval is longer than usual, at a failure, and after the last total" do
    assert_empty gaps([ 1, 2, 3, 4 ], continuous: true)
    assert_equal [ [ 2.5, 6.5 ] ], gaps([ 1, 2, 3, nil, nil, nil, 4, 5, 6 ], continuous: true)
    assert_equal [ [ 0.5, 2.5 ] ], gaps([ 1, nil, 2 ], continuous: true, failures: [ 1 ])
    assert_equal [ [ 2.5, 6 ] ], gaps([ 1, 2, 3, nil, nil, nil ], continuous: true)
    assert_equal [ [ 0.5, 3 ] ], gaps([ nil, nil, nil ], continuous: true, failures: [ 0 ])
    assert_empty gaps([ nil, nil ], continuous: true)
  end

  test "a line with one total a fortnight has no gaps" do
    assert_empty gaps(Array.new(60) { |day| day if (day % 14).zero? }, length: 57, continuous: true)
  end

  test "bars have a gap for each range of days without a count, also after the last one" do
    assert_equal [ [ 1.0, 3.0 ], [ 4.0, 5 ] ], gaps([ 1, nil, nil, 4, nil ], continuous: false)
    assert_equal [ [ 7.0, 14.0 ] ], gaps([ 1, *[ nil ] * 13, 3, *[ nil ] * 3 ], continuous: false, step: 7)
  end

  test "a line ends at a gap and before an unsettled day" do
    series = Chart::Series.new("x", [ 1, 2, nil, nil, nil, nil, 3, 4, 5 ], first: FIRST, origin: FIRST - 1, length: 10, continuous: true, unsettled: [ 8 ])
    assert_equal [ [ 1, 2 ], [ 3, 4 ], [ 5 ] ], series.runs.map { |run| run.map(&:last) }
    assert_equal 1.5, series.points.first.first
  end
end

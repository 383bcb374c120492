require "test_helper"

# An organisation's growth over a history of 41 days: the days 0 to 40, each read at noon. The expected figures were
# computed by hand.
class Org::GrowthTest < ActiveSupport::TestCase
  include Readings

  NOW = Time.utc(2026, 11, 20, 12)
  TODAY = 40

  setup do
    travel_to NOW + 1.minute
    @org = orgs(:unread)
  end

  test "each figure of a history with a package that is new, one that fails, one that is gone, and one with a gap" do
    play_history
    assert_equal [ 33, 231, 990, nil ], growths("steady")
    assert_equal [ 98_750, 691_250, nil, nil ], growths("image")
    assert_equal [ 10, nil, nil, nil ], growths("old")
    assert_equal [ nil, nil, nil, nil ], growths("failing"), "read six days ago, it has no growth until today"
    assert_equal [ nil, nil, nil, nil ], growths("gone")
    assert_equal [ 7, 49, nil, nil ], growths("hiccup")
    assert_equal [ 98_800, 691_595, 2_001_285, nil ], @org.growths.values
    assert_equal({ "before" => 2_403_850, "unread" => 1 }, @org.left_out(1))
    assert_equal({ "before" => 1_811_055, "unread" => 1, "appeared" => 1, "appeared_total" => 499_985, "gone" => 1, "gone_total" => 4_000 }, @org.left_out(7))
    assert_equal({ "before" => 501_085, "unread" => 1, "unread_then" => 1, "appeared" => 1, "appeared_total" => 499_755, "gone" => 1, "gone_total" => 4_000 }, @org.left_out(30))
    assert_equal({}, @org.left_out(365))
    assert_equal [ 1, 3, 4, nil ], Growing::SPANS.map { |days| @org.packages_left_out(days) }
    assert_equal [ 4_202_650, NOW ], @org.values_at(:total, :measured_at)
    assert_equal [ [ 3_811_450, 5, 1 ], [ 4_202_650, 4, 1 ] ], [ noon(36), noon(40) ].map { |at| @org.days.find_by!(date: at).values_at(:total, :packages_read, :packages_stale) }
  end

  test "an image that appeared within the period counts from 0, and the growth is the rise of the chart" do
    steady, image = package("steady"), package("image")
    (0..TODAY).each do |day|
      read steady, 1_000 + 33 * day, at: noon(day)
      read image, 25_000 + 98_750 * (day - 20), at: noon(day), daily: { noon(day) => day == 20 ? 25_000 : 98_750 } if day >= 20
      @org.update_sums noon(day).to_date, noon(day).to_date
    end
    totals = Chart::OfOrg.new(@org).as_json[:totals]
    assert_equal [ 98_783, 691_481, 2_000_990 ], @org.growths.values.first(3)
    assert_equal @org.growths.values.first(3), [ 1, 7, 30 ].map { |days| totals[-1] - totals[-1 - days] }
    assert_equal [ 0, 0, 0 ], [ 1, 7, 30 ].map { |days| @org.packages_left_out(days) }
  end

  test "a package that was not read for 60 days adds nothing, and is left out" do
    steady, failing = package("steady"), package("failing")
    (0..7).each { |day| read failing, 50_000 * day, at: noon(day) - 60.days }
    (0..7).each { |day| read steady, 5 * day, at: noon(day) - 60.days }
    @org.update_sums day_ago(93), day_ago(93)
    assert_equal 350_035, @org.growth(7)
    (0..TODAY).each { |day| read steady, 100 + day, at: noon(day) }
    @org.update_sums day_ago(0), day_ago(0)
    assert_equal [ 7, 1, nil ], [ @org.growth(7), @org.packages_left_out(7), failing.reload.growth(7) ]
    assert_equal 350_140, @org.total, "its last total still counts"
  end

  test "a total counts for an end of the period up to half a day, a day, two days and a week away, and not further" do
    { 1 => 12.hours, 7 => 1.day, 30 => 2.days, 365 => 7.days }.each do |span, near|
      [ near, near + 1 ].product([ -1, 1 ]).each do |off, direction|
        package = package("p#{span}#{direction}#{off.to_i}")
        read package, 10, at: NOW - span.days + direction * off
        read package, 30, at: NOW
        assert_equal [ (20 if off == near) ], [ package.growth(span) ], "read #{off.inspect} from #{span} days before"
      end
      [ near, near + 1 ].each do |off|
        late = package("late#{span}#{off.to_i}")
        read late, 10, at: NOW - off - span.days
        read late, 15, at: NOW - off
        @org.update_sums day_ago(0), day_ago(0)
        assert_equal [ (5 if off == near) ], [ late.reload.growth(span) ], "last read #{off.inspect} before the others"
      end
    end
  end

  test "the growth over a period is unknown where no package was read at its beginning" do
    read package("a"), 5, at: noon(35)
    read package("b"), 5, at: noon(38)
    read package("a"), 9, at: noon(40)
    read package("b"), 6, at: noon(40)
    @org.update_sums day_ago(0), day_ago(0)
    assert_equal [ nil ] * 4, @org.growths.values
  end

  test "nothing read at all" do
    @org.update_sums day_ago(0), day_ago(0)
    assert_equal [ nil, {}, [ nil ] * 4 ], [ @org.total, @org.growth_left_out, @org.growths.values ]
  end

  test "packages of the first day of tracking have not appeared, also where that day is in the period" do
    read package("a"), 100, at: noon(11)
    read package("b"), 7, at: noon(11) + 1.hour
    read package("a"), 150, at: noon(40)
    read package("b"), 8, at: noon(40)
    @org.update_sums day_ago(0), day_ago(0)
    assert_equal [ 51, { "before" => 107 } ], [ @org.growth(30), @org.left_out(30) ]
  end

  test "a package's total before the period is never negative" do
    (0..TODAY).each { |day| read package("steady"), 0, at: noon(day) }
    read package("new"), 100, at: noon(35), daily: { noon(34) => 300, noon(35) => 5 }
    read package("new"), 120, at: noon(40)
    @org.update_sums day_ago(0), day_ago(0)
    assert_equal [ 120, { "before" => 0 } ], [ @org.growth(30), @org.left_out(30) ]
  end

  test "the daily downloads count that a new package had in the period before its first reading" do
    steady = package("steady")
    (0..TODAY).each { |day| read steady, 0, at: noon(day) }
    shown = (6..35).to_h { |day| [ noon(day).to_date, day == 35 ? 3 : 4 ] }
    late = read(package("late"), 1_000, at: noon(35), daily: shown)
    # The page read later says more of the 35th day, which is in the total by then.
    read late, 1_020, at: noon(40), daily: { noon(35).to_date => 9 }
    @org.update_sums day_ago(0), day_ago(0)
    # 24 days of 4, and 3 on the day of the first reading.
    assert_equal [ 20 + 24 * 4 + 3, 1_000 - 99 ], [ @org.growth(30), @org.left_out(30)["appeared_total"] ]
  end

  test "growth in words" do
    helper = Object.new.extend(ActionView::Helpers, FiguresHelper)
    assert_equal "", helper.left_out_text({ "before" => 5 })
    assert_equal "2 packages not read at its end, 1 package not read at its beginning, 499,755 that 1 package had when first read, " \
      "and 1 package that is gone, with 4,000",
      helper.left_out_text({ "unread" => 2, "unread_then" => 1, "appeared" => 1, "appeared_total" => 499_755, "gone" => 1, "gone_total" => 4_000 })
    assert_equal "2 packages that are gone, with 0", helper.left_out_text({ "gone" => 2 })
  end

  private
    def package(name)
      @org.packages.find_or_create_by!(name:)
    end

    def growths(name)
      package(name).growths.values
    end

    def noon(day)
      NOW - (TODAY - day).days
    end

    def day_ago(days)
      NOW.to_date - days
    end

    def play_history
      (0..TODAY).each do |day|
        at = noon(day)
        read package("steady"), 1_000 + 33 * day, at: at
        read package("image"), 25_000 + 98_750 * (day - 20), at:, daily: { at => 25_000 } if day >= 20
        read package("old"), 500_000 + 10 * (day - 35), at:, daily: (day == 35 ? (6..35).to_h { |one| [ noon(one), one == 35 ? 5 : 10 ] } : {}) if day >= 35
        read package("failing"), 50_000 * day, at: at if day <= 34
        read package("gone"), 4_000, at: at if day <= 36
        package("gone").update!(vanished_at: at) if day == 37
        read package("hiccup"), 7 * day, at: at unless day.between?(8, 12)
        package("failing").record_failure(Component::Problem.new("timed_out", "slow"), about: "total", at:) if day > 34
        @org.update_sums at.to_date, at.to_date
      end
    end
end

require "test_helper"

class DownloadsTest < ActiveSupport::TestCase
  setup do
    travel_to Time.utc(2026, 5, 10, 12)
    @org = Org.create!(name: "sums", source: "github.com")
  end

  test "a sum of 63 bits is exact, and a larger one is unknown" do
    most = Component::Contract::MAX_COUNT
    package "a", { "2026-05-08" => most - 1, "2026-05-09" => most }
    package "b", { "2026-05-08" => 1, "2026-05-09" => 1 }
    days = Downloads.of(@org).days(Date.new(2026, 5, 1)..Date.current)
    assert_equal [ most, nil ], days.values_at(Date.new(2026, 5, 8), Date.new(2026, 5, 9)).map(&:count)
    periods = Downloads::Comparison.new(Downloads.of(@org), days).periods
    assert_equal [ nil, nil, nil ], periods.map(&:count)
  end

  test "a package is expected from its first stored day until it vanished" do
    package "a", { "2026-05-01" => 1, "2026-05-09" => 1 }
    package "gone", { "2026-05-03" => 1 }, vanished_at: Time.utc(2026, 5, 5)
    package "unread", {}
    downloads = Downloads.of(@org)
    assert_equal [ 0, 1, 1, 2, 2, 1, 1 ], (Date.new(2026, 4, 30)..Date.new(2026, 5, 6)).map { |date| downloads.expected_on(date) }
    assert_equal Date.new(2026, 5, 1), downloads.first
  end

  test "the days of a period count from the newest day of any page, and a page from the future does not count" do
    package "a", { "2026-05-08" => 1 }, recent_until: Date.new(2026, 5, 9)
    package "ahead", { "2026-05-08" => 1 }, recent_until: Date.new(2026, 5, 11)
    assert_equal Date.new(2026, 5, 8), Downloads.of(@org).through
  end

  test "buckets: weeks begin on Mondays, empty ones are joined, and the last one ends today" do
    days = { "2026-03-31" => 1, "2026-05-03" => 2, "2026-05-04" => 3 }.to_h { |date, count| [ date.to_date, Downloads::Day.new(count:, settled: true, partial: 0) ] }
    weeks = Downloads::Bucket.list(days, "week", Date.new(2026, 4, 1), Date.new(2026, 5, 5))
    assert_equal [ [ "2026-05-04", "2026-05-05", 3, 1 ], [ "2026-04-27", "2026-05-03", 2, 1 ], [ "2026-04-06", "2026-04-26", nil, 0 ], [ "2026-03-30", "2026-04-05", 1, 1 ] ],
      weeks.map { |week| [ week.first.iso8601, week.last.iso8601, week.count, week.known ] }
    months = Downloads::Bucket.list(days, "month", Date.new(2026, 3, 31), Date.new(2026, 5, 5))
    assert_equal [ [ "2026-05-01", "2026-05-05", 5 ], [ "2026-04-01", "2026-04-30", nil ], [ "2026-03-01", "2026-03-31", 1 ] ],
      months.map { |month| [ month.first.iso8601, month.last.iso8601, month.count ] }
  end

  private
    def package(name, counts, **attributes)
      @org.packages.create!(name:, listed_at: Time.current, recent_until: Date.new(2026, 5, 10), **attributes).tap do |package|
        counts.each { |date, count| package.daily_downloads.create!(date:, count:, read_at: Time.current, settled: true) }
      end
    end
end

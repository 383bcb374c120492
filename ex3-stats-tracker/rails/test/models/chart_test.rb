require "test_helper"

class ChartTest < ActiveSupport::TestCase
  setup { travel_to Time.utc(2026, 5, 11, 9) }

  test "a package in columns: gaps, failures, a fall and the day that was not over" do
    chart = Chart::OfPackage.new(packages(:flagger), versions: 5).as_json
    assert_equal({
      org: "fluxcd", package: "flagger", source: "stand-in", from: "2026-05-06", days: 6,
      totals: [ nil, nil, 245, 240, 250, nil ],
      fell: [ 3 ], imported: [],
      failures: [ [ 3, 2, "timed_out" ] ],
      downloads: [ 9, 8, 7, nil, 5, nil ],
      unsettled: [ 4 ], releases: [],
      versions: [
        { id: 123, tags: [ "v1.1.0", "=cmd|' /C calc'!A0" ], totals: [ nil, nil, 30, nil, 40, nil ] },
        { id: 122, tags: [ "v1.0.0" ], totals: [ nil ] * 6 }
      ]
    }, chart)
  end

  test "an organisation in columns" do
    chart = Chart::OfOrg.new(orgs(:fluxcd)).as_json
    # It begins with flagger's first downloads, which its first page showed. Nothing is known of charts/flagger.json's.
    assert_equal [ "2026-05-06", [ nil, nil, nil, 340, 350, nil ], [ [ 4, 1 ] ], [ [ 4, 1, "markup_changed" ] ] ],
      chart.values_at(:from, :totals, :stale, :failures)
    assert_equal [ [ 9, 8, 7, nil, 5, nil ], [ 4 ], [ [ 4, 1 ] ] ], chart.values_at(:downloads, :unsettled, :partial)
  end

  test "a range has a row for each day, also without data" do
    chart = Chart::OfPackage.new(packages(:flagger), first: Date.new(2026, 5, 9), last: Date.new(2026, 5, 9)).as_json
    assert_equal [ 1, [ 240 ] ], chart.values_at(:days, :totals)
    chart = Chart::OfPackage.new(packages(:flagger), first: Date.new(2026, 5, 6), last: Date.new(2026, 5, 7)).as_json
    assert_equal [ 2, [ nil ] * 2 ], chart.values_at(:days, :totals)
  end

  test "a range before the first day or after the last one is empty" do
    [ { last: Date.new(1999, 1, 1) }, { first: Date.new(2100, 1, 1) } ].each do |range|
      assert_equal [ 0, [], [] ], Chart::OfPackage.new(packages(:flagger), **range).as_json.values_at(:days, :totals, :failures)
    end
  end

  test "an organisation without a reading" do
    assert_equal [ "2026-05-11", [ nil ] ], Chart::OfOrg.new(orgs(:unread)).as_json.values_at(:from, :totals)
  end

  test "a range is limited to the stored days" do
    chart = Chart::OfPackage.new(packages(:flagger), first: Date.new(1970, 1, 1), last: Date.new(2200, 1, 1)).as_json
    assert_equal [ "2026-05-06", 6 ], chart.values_at(:from, :days)
    [ { last: Date.new(1999, 1, 3) }, { first: Date.new(1999, 1, 1), last: Date.new(1999, 1, 3) } ].each do |range|
      assert_equal [ 0, [] ], Chart::OfPackage.new(packages(:flagger), **range).as_json.values_at(:days, :totals)
    end
  end

  test "a range has a maximum, and then its newest days are shown" do
    packages(:flagger).days.create!(date: Date.new(2000, 1, 1), total: 1)
    chart = Chart::OfPackage.new(packages(:flagger)).as_json
    assert_equal [ 3660, "2016-05-04", nil ], [ chart[:totals].size, chart[:from], chart[:totals].last ]
    assert_equal 250, chart[:totals][-2]
  end

  test "days after today are not drawn" do
    packages(:flagger).days.create!(date: Date.new(2027, 1, 1), total: 9_999)
    assert_equal 6, Chart::OfPackage.new(packages(:flagger)).as_json[:days]
  end

  test "a version's total holds until it changes, also one from before the range" do
    chart = Chart::OfPackage.new(packages(:flagger), versions: 1, first: Date.new(2026, 5, 9)).as_json
    assert_equal [ nil ] * 3, chart[:versions].sole[:totals]
    packages(:flagger).days.find_by!(date: "2026-05-09").update!(versions_read: true)
    versions(:newest).update!(total: 100)
    chart = Chart::OfPackage.new(packages(:flagger), versions: 1, first: Date.new(2026, 5, 9)).as_json
    assert_equal [ 30, 40, nil ], chart[:versions].sole[:totals]
  end

  test "five years of a package are under 100 KB" do
    package = packages(:gone)
    days = (1..1826).map { |day| Date.new(2021, 5, 10) + day }
    Package::Day.insert_all!(days.map { |date| { package_id: package.id, date:, total: 4_800_000_000 + date.jd * 1_000, measured_at: date.noon } })
    DailyDownload.insert_all!(days.map { |date| { package_id: package.id, date:, count: 1_234_567, read_at: date.noon, settled: true } })
    json = Chart::OfPackage.new(package).to_json
    assert_operator json.bytesize, :<, 100_000
    assert_equal 1826, JSON.parse(json)["totals"].compact.size
  end
end

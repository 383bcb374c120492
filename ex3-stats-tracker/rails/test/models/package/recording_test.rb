require "test_helper"

class Package::RecordingTest < ActiveSupport::TestCase
  setup { @package = orgs(:unread).packages.create!(name: "p") }

  test "the same reading twice changes nothing, and a later one of the same second replaces it" do
    2.times { record 100, at: "2026-05-10 12:00" }
    assert_equal [ 1, 1, 100 ], [ @package.measurements.count, @package.days.count, @package.total ]
    record 101, at: "2026-05-10 12:00"
    assert_equal [ 1, 101, 101 ], [ @package.measurements.count, @package.days.sole.total, @package.total ]
  end

  test "a day holds its last total, in whatever order they are written" do
    record 120, at: "2026-05-10 20:00"
    record 110, at: "2026-05-10 08:00"
    assert_equal [ 120, 120, 2 ], [ @package.days.sole.total, @package.total, @package.measurements.count ]
  end

  test "a total that falls is stored and flagged" do
    record 100, at: "2026-05-10 12:00"
    record 90, at: "2026-05-11 12:00"
    2.times { |day| record 95, at: "2026-05-1#{2 + day} 12:00" }
    assert_equal [ false, true, false, false ], @package.measurements.chronological.pluck(:fell)
    assert_equal [ false, true, false, false ], @package.days.chronological.pluck(:fell)
    assert_equal [ Time.utc(2026, 5, 11, 12), 100, 95 ], @package.values_at(:fell_at, :fell_from, :total)
  end

  test "a fall stays on its day even if the total rises again on it" do
    record 100, at: "2026-05-10 12:00"
    record 90, at: "2026-05-11 12:00"
    record 110, at: "2026-05-11 18:00"
    assert @package.days.find_by!(date: "2026-05-11").fell
  end

  test "a total that is stored late is compared with the reading before it" do
    record 100, at: "2026-05-10 12:00"
    record 120, at: "2026-05-12 12:00"
    record 110, at: "2026-05-11 12:00"
    assert_equal [ [ 100, false ], [ 110, false ], [ 120, false ] ], @package.measurements.chronological.pluck(:total, :fell)
    assert_equal [ nil, 120 ], @package.values_at(:fell_at, :total)
  end

  test "the newest page decides a day's count, and pages fill each other's gaps" do
    record 100, at: "2026-05-10 12:00", daily: { "2026-05-09" => 5, "2026-05-10" => 2 }
    record 200, at: "2026-05-12 12:00", daily: { "2026-05-09" => 5, "2026-05-10" => 9, "2026-05-11" => 7, "2026-05-12" => 1 }
    record 90, at: "2026-05-08 12:00", daily: { "2026-05-07" => 3, "2026-05-08" => 1, "2026-05-09" => 999 }
    assert_equal({ 7 => [ 3, true ], 8 => [ 1, false ], 9 => [ 5, true ], 10 => [ 9, true ], 11 => [ 7, true ], 12 => [ 1, false ] },
      @package.daily_downloads.chronological.to_h { |day| [ day.date.day, [ day.count, day.settled ] ] })
    assert_equal [ 1, 2, 1 ], @package.measurements.chronological.pluck(:day_count), "what each page had counted of its own day"
  end

  test "a page without a chart changes no daily downloads" do
    record 100, at: "2026-05-10 12:00", daily: { "2026-05-10" => 2 }
    record 101, at: "2026-05-11 12:00", daily: {}
    assert_equal [ [ 2 ], Date.new(2026, 5, 10), 1 ], [ @package.recent, @package.recent_until, @package.daily_downloads.count ]
  end

  test "recent has the page's last 30 days, with nil for a missing day" do
    days = (0...40).to_h { |ago| [ (Date.new(2026, 5, 10) - ago).iso8601, ago ] }.except("2026-05-08")
    record 100, at: "2026-05-10 12:00", daily: days
    assert_equal [ 30, [ 29, 28 ], [ 3, nil, 1, 0 ], Date.new(2026, 5, 10) ],
      [ @package.recent.size, @package.recent.first(2), @package.recent.last(4), @package.recent_until ]
  end

  test "growth counts from the measurement that is nearest to the span's beginning" do
    { "2025-05-12 12:00" => 10, "2026-04-10 12:00" => 40, "2026-05-02 23:00" => 60, "2026-05-03 14:00" => 70,
      "2026-05-09 10:00" => 90, "2026-05-09 14:30" => 95 }.each { |at, total| record total, at: }
    record 100, at: "2026-05-10 12:00"
    assert_equal({ 1 => 10, 7 => 30, 30 => 60, 365 => 90 }, @package.growths)
  end

  test "without a measurement near the span's beginning growth is unknown" do
    record 10, at: "2026-05-08 23:00"
    record 100, at: "2026-05-10 12:00"
    assert_equal [ nil, nil, nil, nil ], @package.growths.values
  end

  test "a failure is stored and the figures do not change" do
    record 100, at: "2026-05-10 12:00"
    2.times { @package.record_failure problem, about: "total", at: Time.utc(2026, 5, 11, 12) }
    @package.record_failure problem, about: "total", at: Time.utc(2026, 5, 11, 13)
    @package.reload
    assert_equal [ 100, Time.utc(2026, 5, 10, 12), "timed_out", Time.utc(2026, 5, 11, 12) ],
      @package.values_at(:total, :measured_at, :failure_kind, :failing_since)
    day = @package.days.find_by!(date: "2026-05-11")
    assert_equal [ nil, 2, "timed_out" ], day.values_at(:total, :failures, :failure_kind)
    record 105, at: "2026-05-11 14:00"
    assert_equal [ nil, nil ], @package.values_at(:failing_since, :failure_kind)
    assert_equal [ 105, 2 ], day.reload.values_at(:total, :failures)
  end

  test "versions: new, changed, unchanged and vanished" do
    versions "2026-05-10 12:00", { 1 => 5, 2 => 6 }
    versions "2026-05-11 12:00", { 1 => 5, 2 => 8 }
    versions "2026-05-12 12:00", { 3 => 1, 2 => 8 }
    assert_equal [ [ 1, 5, true ], [ 2, 8, false ], [ 3, 1, false ] ], @package.versions.order(:github_id).map { |version| [ version.github_id, version.total, version.vanished? ] }
    assert_equal [ [ 1, 10, 5 ], [ 2, 10, 6 ], [ 2, 11, 8 ], [ 3, 12, 1 ] ],
      Version::Day.joins(:version).where(versions: { package_id: @package.id }).order("versions.github_id", :date).map { |day| [ day.version.github_id, day.date.day, day.total ] }
    versions "2026-05-13 12:00", { 1 => 5 }
    assert_not @package.versions.find_by!(github_id: 1).vanished?
  end

  test "a version without a change is not written, and its reading has a time" do
    versions "2026-05-10 12:00", { 1 => 5, 2 => 6, 3 => 7 }
    before = @package.versions.order(:github_id).pluck(:updated_at)
    versions "2026-05-11 12:00", { 1 => 5, 2 => 9, 3 => 7 }
    assert_equal [ false, true, false ], before.zip(@package.versions.order(:github_id).pluck(:updated_at)).map { |earlier, now| earlier != now }
    versions "2026-05-12 12:00", { 1 => 5, 2 => 9 }
    assert_equal [ "12 12:00", "12 12:00", "11 12:00" ], @package.reload.versions.order(:github_id).map { |version| version.last_read_at.strftime("%d %H:%M") }
    assert_equal [ Time.utc(2026, 5, 12, 12) ], @package.versions.where.not(vanished_at: nil).pluck(:vanished_at)
  end

  test "changed tags and a changed position are written, as they are" do
    versions = ->(at, *list) { Package.record_versions [ [ @package, list.map { |id, tag| Component::Contract::TaggedVersion.new(id:, tags: [ tag ], total: 1) }, Time.zone.parse(at) ] ] }
    stored = -> { @package.versions.order(:position).pluck(:github_id, :tags) }
    versions.("2026-05-10 12:00", [ 1, "a  b" ], [ 2, "it's" ])
    assert_equal [ [ 1, [ "a  b" ] ], [ 2, [ "it's" ] ] ], stored.call
    versions.("2026-05-11 12:00", [ 2, "it's" ], [ 1, "a  b" ])
    assert_equal [ 2, 1 ], stored.call.map(&:first)
    versions.("2026-05-12 12:00", [ 2, "latest" ], [ 1, "a  b" ])
    assert_equal [ [ "latest" ], [ "a  b" ] ], stored.call.map(&:last)
  end

  test "several packages at once are each stored as one alone" do
    org, last_year, yesterday, today = orgs(:unread), "2025-05-11 12:00", "2026-05-09 12:00", "2026-05-10 12:00"
    fallen, grown, late, unknown = %w[fallen grown late unknown].map { |name| org.packages.create!(name:) }
    Package.record({ fallen => reading(50, at: yesterday), grown => reading(50, at: last_year) })
    Package.record({ grown.reload => reading(70, at: yesterday), late => reading(9, at: "2026-05-11 12:00", daily: { "2026-05-11" => 4 }) })
    Package.record({
      fallen.reload => reading(40, at: today, daily: { "2026-05-10" => 1 }), grown.reload => reading(100, at: "2026-05-10 12:00:07"),
      late.reload => reading(8, at: today, daily: { "2026-05-10" => 3 }), unknown => reading(5, at: today, daily: { "2026-05-09" => 2, "2026-05-10" => 3 })
    })
    assert_equal [ [ 40, -10, nil, 50, [ 1 ] ], [ 100, 30, 50, nil, [] ], [ 9, nil, nil, nil, [ 4 ] ], [ 5, nil, nil, nil, [ 2, 3 ] ] ],
      [ fallen, grown, late, unknown ].map { |package| package.reload && [ *package.values_at(:total, :growth_1, :growth_365, :fell_from), package.recent ] }
    assert_equal [ [ 50, false ], [ 40, true ] ], fallen.measurements.chronological.pluck(:total, :fell)
    assert_equal [ 8, 9 ], late.days.chronological.pluck(:total)
    assert_equal Time.utc(2026, 5, 10, 12, 0, 7), grown.measured_at

    Package.record_versions [ [ fallen, tagged(1 => 5, 2 => 6), Time.zone.parse(today) ], [ grown, tagged(1 => 7), Time.utc(2026, 5, 9, 23) ] ]
    Package.record_versions [ [ fallen, tagged(2 => 6), Time.utc(2026, 5, 11) ], [ grown, tagged(1 => 8), Time.utc(2026, 5, 11, 1) ] ]
    assert_equal [ [ 1, true ], [ 2, false ] ], fallen.versions.order(:github_id).map { |version| [ version.github_id, version.vanished? ] }
    assert_equal [ [ Date.new(2026, 5, 9), 7 ], [ Date.new(2026, 5, 11), 8 ] ], grown.versions.sole.days.chronological.pluck(:date, :total)
    assert_equal [ Time.utc(2026, 5, 11), Time.utc(2026, 5, 11, 1) ], [ fallen, grown ].map { |package| package.reload.versions_measured_at }
    assert_equal [ Date.new(2026, 5, 9), Date.new(2026, 5, 11) ], grown.days.where(versions_read: true).chronological.pluck(:date)
    assert_not late.days.exists?(versions_read: true)
  end

  test "the largest numbers" do
    record 2**63 - 2, at: "2026-05-09 12:00"
    record 2**63 - 1, at: "2026-05-10 12:00", daily: { "2026-05-10" => 2**63 - 1 }
    assert_equal [ 2**63 - 1, 1 ], [ @package.measurements.chronological.last.total, @package.reload.growth_1 ]
  end

  test "a sum that does not fit the column is unknown" do
    record 2**63 - 1, at: "2026-05-10 12:00"
    other = orgs(:unread).packages.create!(name: "q")
    Package.record({ other => reading(1, at: "2026-05-10 12:00") })
    orgs(:unread).update_sums Date.new(2026, 5, 10), Date.new(2026, 5, 10)
    assert_nil orgs(:unread).total
    assert_nil orgs(:unread).days.sole.total
  end

  test "an organisation's day has the sum of the last totals, and the number of stale ones" do
    record 100, at: "2026-05-10 12:00"
    other = orgs(:unread).packages.create!(name: "q")
    Package.record({ other => reading(7, at: "2026-05-10 12:00") })
    record 110, at: "2026-05-11 12:00"
    other.record_failure problem, about: "total", at: Time.utc(2026, 5, 11, 12)
    orgs(:unread).packages.create!(name: "never-read")
    orgs(:unread).packages.create!(name: "gone", vanished_at: Time.utc(2026, 5, 9), total: 1_000)
    orgs(:unread).update_sums Date.new(2026, 5, 9), Date.new(2026, 5, 11)
    assert_equal [ [ nil, 0, 0, 0, nil ], [ 107, 2, 0, 0, nil ], [ 117, 1, 1, 1, "timed_out" ] ],
      orgs(:unread).days.chronological.pluck(:total, :packages_read, :packages_stale, :failures, :failure_kind)
    assert_equal 117, orgs(:unread).total
  end

  private
    def record(total, at:, daily: {})
      Package.record({ @package => reading(total, at:, daily:) })
      @package.reload
    end

    def reading(total, at:, daily: {})
      daily = daily.to_h { |date, count| [ Date.iso8601(date), count ] }
      Component::Contract::Reading.new(total:, daily:, measured_at: Time.zone.parse(at))
    end

    def versions(at, totals)
      Package.record_versions [ [ @package, tagged(totals), Time.zone.parse(at) ] ]
    end

    def tagged(totals)
      totals.map { |id, total| Component::Contract::TaggedVersion.new(id:, tags: [ "t" ], total:) }
    end

    def problem
      Component::Problem.new("timed_out", "too slow")
    end
end

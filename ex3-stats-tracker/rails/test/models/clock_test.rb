require "test_helper"

# A wrong clock: readings made with it never count as the newest, and later readings are right.
class ClockTest < ActiveSupport::TestCase
  include Readings

  NOW = Time.utc(2026, 11, 20, 12)
  WRONG = Time.utc(2027, 3, 1, 12)

  setup do
    @org = orgs(:unread)
    @package = @org.packages.create!(name: "p")
    travel_to NOW
    read @package, 1_500, at: NOW - 1.day, daily: { NOW - 2.days => 4, NOW - 1.day => 3 }
  end

  test "a reading from the future is refused, and is a failure" do
    read @package, 9_999, at: NOW + 6.minutes
    assert_equal [ 1_500, NOW - 1.day, "component_failed" ], @package.values_at(:total, :measured_at, :failure_kind)
    assert_equal [ 1, NOW ], [ @package.measurements.count, @package.failures.sole.at ]
    read @package, 1_600, at: NOW + 5.minutes
    assert_equal [ 1_600, nil ], @package.values_at(:total, :failure_kind), "clocks differ a little"
  end

  test "an answer from the future is the component's failure, and so are downloads of later days" do
    answer = { "name" => "p", "total" => 1, "daily" => [], "measured_at" => "2026-11-20T12:05:01Z" }
    problem = assert_raises(Component::Problem) { Component::Contract.measurement(answer, of: "p") }
    assert_equal "component_failed", problem.kind
    assert_match(/2026-11-20T12:05:01Z.*2026-11-20T12:00:00Z.*set the clock/, problem.detail)
    answer["measured_at"] = "2026-11-20T12:05:00Z"
    assert_equal 1, Component::Contract.measurement(answer, of: "p").total
    days = ->(date) { answer.merge("daily" => [ { "date" => date, "count" => 1 } ]) }
    assert_raises(Component::Problem) { Component::Contract.measurement(days["2026-11-22"], of: "p") }
    assert Component::Contract.measurement(days["2026-11-21"], of: "p")
  end

  test "after a collection with a wrong clock the next one shows its own figures" do
    travel_to WRONG
    collection = @org.collections.create!(state: "finished", started_at: WRONG, finished_at: WRONG)
    read @package, 5_000, at: WRONG, daily: { NOW.to_date => 99, WRONG.to_date => 7 }
    read @package, 4_000, at: WRONG + 1, daily: { NOW.to_date => 99, WRONG.to_date => 7 }
    versions WRONG, 30
    @org.update_sums WRONG.to_date, WRONG.to_date
    assert_equal [ 4_000, 4_000, collection ], [ @package.total, @org.total, @org.last_collection ]
    assert @package.fell?

    travel_to NOW
    assert @package.versions_due?(NOW), "the versions are read again"
    assert_equal [ nil, nil ], [ @org.last_collection, @org.last_success ]
    read @package, 2_100, at: NOW, daily: { NOW - 1.day => 6, NOW => 2 }
    versions NOW, 30
    @org.update_sums NOW.to_date, NOW.to_date
    assert_equal [ 2_100, NOW, nil, 600, [ 6, 2 ] ], @package.values_at(:total, :measured_at, :fell_at, :growth_1, :recent)
    assert_equal [ 2_100, NOW, 600 ], @org.values_at(:total, :measured_at, :growth_1)
    assert_equal({ NOW.to_date - 2 => 4, NOW.to_date - 1 => 6, NOW.to_date => 2, WRONG.to_date => 7 }, @package.daily_downloads.pluck(:date, :count).to_h)
    assert_equal [ "2026-11-18", 3, [ nil, 1_500, 2_100 ], [ 4, 6, 2 ] ], Chart::OfPackage.new(@package).as_json.values_at(:from, :days, :totals, :downloads)
    assert_equal [ "2026-11-18", [ nil, nil, 2_100 ], [ 4, 6, 2 ] ], Chart::OfOrg.new(@org).as_json.values_at(:from, :totals, :downloads)
    assert_equal [ [ NOW.to_date, 30 ] ], @package.versions.sole.days.where(date: ..NOW).pluck(:date, :total)
    assert_equal [ [ 2_000, NOW ] ], @package.org.milestones.where(package: @package, threshold: 2_000).pluck(:threshold, :at)
  end

  test "a reading of a clock that is hours ahead does not stay the day's last one" do
    travel_to NOW + 6.hours
    read @package, 9_999, at: NOW + 6.hours
    travel_to NOW + 1.hour
    read @package, 1_600, at: NOW + 1.hour
    assert_equal [ 1_600, 1_600 ], [ @package.total, @package.days.find_by!(date: NOW).total ]
  end

  test "a package that can't be read any more returns to its earlier total, or to none" do
    fresh = @org.packages.create!(name: "fresh")
    travel_to WRONG
    [ @package, fresh ].each { |package| read package, 9_999, at: WRONG }
    travel_to NOW
    @package.record_failure Component::Problem.new("timed_out", "slow"), about: "total", at: NOW
    @org.update_sums NOW.to_date, NOW.to_date
    assert_equal [ 1_500, NOW - 1.day, nil ], @package.reload.values_at(:total, :measured_at, :growth_1)
    assert_equal [ nil, nil ], fresh.reload.values_at(:total, :measured_at)
    assert_equal [ 1_500, NOW - 1.day ], @org.values_at(:total, :measured_at)
  end

  test "failing_since is never from the future" do
    @package.update!(failing_since: WRONG)
    @package.record_failure Component::Problem.new("timed_out", "slow"), about: "total", at: NOW
    assert_equal NOW, @package.failing_since
    @package.record_failure Component::Problem.new("timed_out", "slow"), about: "total", at: NOW + 1
    assert_equal NOW, @package.failing_since
  end

  private
    def versions(at, total)
      Package.record_versions [ [ @package, [ Component::Contract::TaggedVersion.new(id: 1, tags: [ "t" ], total:) ], at ] ]
      @package.reload
    end
end

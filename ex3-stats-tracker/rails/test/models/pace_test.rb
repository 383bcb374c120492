require "test_helper"

# What stands still is read less often, and its figures stay right.
class PaceTest < ActiveSupport::TestCase
  POLICY = Collection::RequestPolicy.new(pause: 0, concurrency: 1, max_rate_limit_wait: 0, max_attempts: 1, retry_delay: 0)
  FIRST = Time.utc(2026, 3, 1, 6)

  # Has a total and the downloads of 30 days. +still+ has none after the first day, but from the day +moves+ on 5 a day.
  class Page
    Contract = Component::Contract

    attr_accessor :now, :moves
    attr_reader :requests

    def initialize = @requests = []
    def call = self
    def close = nil

    def packages(_org)
      Contract::List.new(packages: %w[still moving].map { |name| Contract::ListedPackage.new(name:, repository: nil) }, owner: nil)
    end

    def measure(_org, name, **)
      @requests << [ day, name ]
      daily = (0...30).to_h { |ago| [ now.to_date - ago, count(name, day - ago) ] }
      Contract::Reading.new(total: 1_000 + (1..day).sum { |each| count(name, each) }, daily:, measured_at: now)
    end

    def versions(_org, name, **)
      @requests << [ day, "#{name}/versions" ]
      [ Contract::TaggedVersion.new(id: 1, tags: %w[v1], total: day) ]
    end

    def day = (now.to_date - FIRST.to_date).to_i

    def count(name, day)
      name == "moving" ? 7 : (moves && day >= moves ? 5 : 0)
    end
  end

  setup do
    @page = Page.new
    @pace = Pace::RARELY
  end

  test "the time between two readings, which GitHub's 30 days always cover" do
    travel_to FIRST
    { 0 => 0, 13 => 0, 14 => 3, 27 => 3, 28 => 7, 400 => 7 }.each do |still, days|
      times = (1..21).map { |id| Pace::RARELY.resting_until(id, moved_at: FIRST - still.days, measured_at: FIRST) }
      if days.zero?
        assert_equal [ nil ], times.uniq, still
      else
        waits = times.map { |time| (time.to_date - FIRST.to_date).to_i }
        assert_equal (1..days).index_with { 21 / days }, waits.tally.sort.to_h, "each day has as many packages"
        # From then on exactly so many days.
        assert_equal [ days ], times.each.with_index(1).map { |time, id|
          read = time + 20.hours
          (Pace::RARELY.resting_until(id, moved_at: read - still.days, measured_at: read).to_date - time.to_date).to_i
        }.uniq
      end
      assert_nil Pace::ALWAYS.resting_until(1, moved_at: FIRST - still.days, measured_at: FIRST)
    end
    assert_operator Pace::RESTS.values.max, :<, 30
  end

  test "what stands still is read every third and then every seventh day, its versions hardly, and no day is missed" do
    play 0..60
    still = days_of("still")
    assert_equal (0..14).to_a, still.take_while { |day| day <= 14 }
    assert_equal [ [ 3 ], [ 7 ] ], [ 17..28, 35..60 ].map { |range| still.select { |day| range.cover?(day) }.each_cons(2).map { |one, next_one| next_one - one }.uniq }
    assert_operator still.each_cons(2).map { |one, next_one| next_one - one }.max, :<=, 7
    assert_equal [ 0, still.find { |day| day >= 28 } ], days_of("still/versions").first(2), "not without a change, but once in four weeks"
    assert_equal [ (0..60).to_a ] * 2, [ days_of("moving"), days_of("moving/versions") ]
    assert_equal ((FIRST.to_date - 29)..(FIRST.to_date + still.last)).to_a, package("still").daily_downloads.chronological.pluck(:date)
    # On one of two days in a row it rests.
    collection = org.collections.chronological.last(2).find { |each| each.packages_resting.positive? }
    assert_equal [ "finished", 2, 1, 0, 1, 0 ], collection.values_at(:state, :packages_listed, :packages_read, :packages_failed, :packages_resting) + [ collection.not_asked ]
    assert_match(/1 of 2 packages read, 1 standing still and left out, /, collection.summary)
  end

  test "what moves again is read with every round, and its growth is right or not said" do
    stand_still
    play 1..9
    @page.moves = 11
    play 10..24
    first = days_of("still").find { |day| day >= 11 }
    assert_equal (first..24).to_a, days_of("still").select { |day| day >= first }
    assert_equal first, days_of("still/versions").find { |day| day >= 1 }
    truth = (11..24).index_with(5)
    stored = package("still").daily_downloads.where(date: (FIRST.to_date + 11)..).to_h { |row| [ (row.date - FIRST.to_date).to_i, row.count ] }
    assert_equal truth, stored, "the days before it was noticed are filled"
    assert_equal [ 5, 35 ], package("still").growths.values.first(2)
  end

  test "a package that rests is neither stale nor unread, and its growth is not said" do
    stand_still
    play 1..7
    last = (8..20).find { |day| play(day..day) && resting_days >= 3 }
    assert_equal [ true, nil, nil, nil ], [ package("still").resting?, *package("still").growths.values.first(3) ]
    assert_equal [ { "before" => 1_000 + 7 * (last - 7), "resting" => 1 }, 49, 1 ], [ org.left_out(7), org.growth(7), org.packages_left_out(7) ]
    assert_equal 2_000 + 7 * last, org.total, "its last total counts"
    helper = ApplicationController.helpers
    assert_equal [ "stands still", "fresh" ], [ package("still"), org ].map { |subject| Nokogiri::HTML5.fragment(helper.freshness_of(subject)).text }
    assert_equal "1 package whose total stands still, not read at its end", helper.left_out_text(org.left_out(7))
    assert_not package("still").failing?

    # When it is overdue, because no collection runs, it is stale.
    travel_to package("still").resting_until + 27.hours
    assert_equal [ "stale", "stale" ], [ package("still"), org ].map { |subject| Nokogiri::HTML5.fragment(helper.freshness_of(subject)).text }
  end

  test "it can be switched off, and a failure is asked for again each time" do
    stand_still
    @pace = Pace::ALWAYS
    play 1..5
    assert_equal (0..5).to_a, days_of("still")
    @pace = Pace::RARELY
    play 6..7
    assert_not_nil package("still").resting_until
    package("still").record_failure(Component::Problem.new("timed_out", "x"), about: "total", at: @page.now)
    asked = days_of("still").size
    play 8..8
    assert_equal [ asked + 1, nil ], [ days_of("still").size, package("still").failing_since ]

    { nil => Pace::RARELY, "rarely" => Pace::RARELY, "always" => Pace::ALWAYS }
      .each { |text, pace| with_environment("STATS_TRACKER_STILL_PACKAGES" => text) { assert_same pace, Pace.configured } }
    with_environment("STATS_TRACKER_STILL_PACKAGES" => "never") { assert_raises(ArgumentError) { Pace.configured } }
  end

  test "an abandoned collection has no failure of a package that rested" do
    stand_still
    day = (1..20).find { |each| play(each..each) && resting_days >= 1 && package("still").resting_until > @page.now + 2.days }
    travel_to(@page.now = FIRST + (day + 1).days)
    org.collections.create!(state: "running", started_at: @page.now, packages_listed: 2)
    play((day + 2)..(day + 2))
    assert_equal [ [ "moving", "interrupted" ] ], org.failures.map { |failure| [ failure.package.name, failure.kind ] }
  end

  test "the migration finds the time since which a total stands still" do
    org = Org.track("older", source: "stand-in")
    packages = { "still" => [ 5, 7, 7, 7 ], "moving" => [ 5, 6, 7, 8 ] }.map do |name, totals|
      org.packages.create!(name:, total: totals.last, measured_at: FIRST + 3.days).tap do |package|
        totals.each_with_index { |total, day| package.days.create!(date: FIRST.to_date + day, total:, measured_at: FIRST + day.days) }
      end
    end
    defined?(LetPackagesRest) or require Rails.root.join("db/migrate/20261128065500_let_packages_rest")
    ActiveRecord::Base.lease_connection.execute LetPackagesRest::BEGINNINGS
    assert_equal [ FIRST + 1.day, FIRST + 3.days ], packages.map { |package| package.reload.moved_at }
  end

  private
    # As if it had done so for weeks.
    def stand_still
      play 0..0
      package("still").update_columns moved_at: FIRST - 40.days
    end

    def play(days)
      days.each do |day|
        travel_to(@page.now = FIRST + day.days)
        Collection.collect("paced", source: "stand-in", policy: POLICY, component: @page, pace: @pace)
      end
    end

    def resting_days = @page.day - days_of("still").last
    def days_of(name) = @page.requests.filter_map { |day, request| day if request == name }
    def org = Org.find_by!(name: "paced")
    def package(name) = org.packages.find_by!(name:)
end

require "test_helper"

# What is found in stored readings, and that it is told once.
class Notification::FindingsTest < ActiveSupport::TestCase
  include Readings

  # Nothing is sent to it here.
  RECEIVERS = [ Data.define(:name).new("slack") ].freeze

  # A Wednesday.
  NOW = Time.utc(2026, 5, 13, 12)

  setup do
    travel_to NOW
    @org = Org.create!(name: "told", source: "github.com")
    @package = @org.packages.create!(name: "charts/flagger", listed_at: NOW)
    read @package, 50_000, at: NOW - 2.days
    versions [ "v1.0.0", 20_000 ], at: NOW - 2.days
    assert_empty make(since: NOW - 1.day)
  end

  test "a release's first 10,000 downloads, once" do
    versions [ "v1.0.0", 20_500 ], [ "v1.1.0", 9_999 ], at: NOW
    assert_empty make
    versions [ "v1.0.0", 21_000 ], [ "v1.1.0", 10_400 ], [ "v2.0.0-rc.1", 70_000 ], [ "latest", 80_000 ], at: NOW + 1.day
    assert_equal [ [ "release_downloads", [ { "package" => "charts/flagger", "release" => "v1.1.0", "downloads" => 10_400, "first_seen" => "2026-05-13",
      "at" => "2026-05-14T12:00:00Z" } ] ] ], told(make)
    versions [ "v1.1.0", 20_400 ], at: NOW + 2.days
    assert_empty make
  end

  test "no release of a new package's first list" do
    other = @org.packages.create!(name: "new", listed_at: NOW)
    versions [ "v9.0.0", 90_000 ], at: NOW, package: other
    assert_empty make
  end

  test "a total that fell, once a day" do
    read @package, 40_000, at: NOW - 1.hour
    assert_equal [ [ "total_fell", [ { "package" => "charts/flagger", "from" => 50_000, "to" => 40_000, "at" => "2026-05-13T11:00:00Z" } ] ] ], told(make)
    read @package, 60_000, at: NOW
    read @package, 30_000, at: NOW + 1.hour
    assert_empty make
    read @package, 20_000, at: NOW + 1.day
    assert_equal [ 30_000, 20_000 ], told(make).dig(0, 1, 0).values_at("from", "to")
  end

  test "a package that has gone, and one that was only imported" do
    @package.update!(vanished_at: NOW)
    @org.packages.create!(name: "imported", vanished_at: NOW)
    assert_equal [ [ "package_gone", [ { "package" => "charts/flagger", "total" => 50_000, "at" => "2026-05-13T12:00:00Z" } ] ] ], told(make)
    assert_empty make
  end

  test "failing for a day, many packages in one message" do
    other = @org.packages.create!(name: "other", listed_at: NOW)
    [ @package, other ].each { |package| fail_at package, NOW, "timed_out" }
    travel_to NOW + 23.hours
    assert_empty make
    travel_to NOW + 24.hours
    assert_equal [ [ "reading_failing", %w[charts/flagger other].map { |package|
      { "package" => package, "since" => "2026-05-13T12:00:00Z", "failure" => "timed_out", "at" => "2026-05-14T12:00:00Z" }
    } ] ], told(make)
    [ @package, other ].each { |package| fail_at package, NOW + 25.hours, "timed_out" }
    assert_empty make
    # A second time of failures is another event.
    read @package, 51_000, at: NOW + 26.hours
    fail_at @package, NOW + 27.hours, "timed_out"
    travel_to NOW + 3.days
    assert_equal [ "charts/flagger" ], told(make).dig(0, 1).pluck("package")
  end

  test "the list fails for a day" do
    @org.collections.create!(state: "finished", started_at: NOW - 1.hour, finished_at: NOW, packages_listed: 1)
    @org.record_failure Component::Problem.new("unreachable", "status 503"), at: NOW
    travel_to NOW + 1.day
    assert_equal [ [ "reading_failing", [ { "since" => "2026-05-13T12:00:00Z", "failure" => "unreachable", "at" => "2026-05-14T12:00:00Z" } ] ] ], told(make)
    assert_empty make
  end

  test "changed markup of a total, of versions and of the list, at once" do
    travel_to NOW
    fail_at @package, NOW, "markup_changed"
    @package.record_failure Component::Problem.new("markup_changed", "no table"), about: "versions", at: NOW
    @org.record_failure Component::Problem.new("markup_changed", "no list"), at: NOW
    (kind, events), *others = told(make)
    assert_equal [ "markup_changed", [ [ "charts/flagger", "total", "because" ], [ "charts/flagger", "versions", "no table" ], [ nil, "list", "no list" ] ] ],
      [ kind, events.map { |event| event.values_at("package", "about", "detail") } ]
    assert_empty others
    travel_to NOW + 1.hour
    fail_at @package, NOW + 1.hour, "markup_changed"
    assert_empty make
  end

  test "nothing without receivers, and nothing that is older than they are" do
    other = Org.create!(name: "other", source: "github.com")
    package = other.packages.create!(name: "a", listed_at: NOW, vanished_at: NOW - 1.hour)
    assert_no_difference(-> { Notification::Event.count }) { Notification.make(other, receivers: []) }
    assert_empty Notification.make(other, receivers: RECEIVERS, since: NOW)
    assert_empty Notification.make(other, receivers: RECEIVERS, since: NOW)
    # Receivers were removed for a month.
    package.update!(vanished_at: NOW + 1.day)
    travel_to NOW + 31.days
    assert_empty Notification.make(other, receivers: RECEIVERS)
  end

  test "only the kinds of STATS_TRACKER_NOTIFY, and a kind that is added later tells nothing of before" do
    @package.update!(vanished_at: NOW)
    with_environment("STATS_TRACKER_NOTIFY" => "summary total_fell") { assert_empty make }
    assert_empty make
    error = assert_raises(ArgumentError) { Notification.told("summary everything") }
    assert_match(/holds everything, which is none of summary, /, error.message)
  end

  test "one delivery for each receiver" do
    @package.update!(vanished_at: NOW)
    receivers = %w[slack mail].map { |name| Data.define(:name).new(name) }
    notification = Notification.make(@org, receivers:).sole
    assert_equal [ %w[mail slack], 2, [ "pending" ] ],
      [ notification.deliveries.pluck(:receiver).sort, notification.deliveries.distinct.count(:token), notification.deliveries.distinct.pluck(:state) ]
  end

  test "an organisation is deleted with its notifications" do
    @package.update!(vanished_at: NOW)
    assert_equal 1, make.size
    @org.destroy!
    assert_equal [ 0, 0, 0 ], [ Notification, Notification::Event, Notification::Delivery ].map(&:count)
  end

  private
    def make(since: NOW)
      Notification.make(@org.reload, receivers: RECEIVERS, since:)
    end

    def told(notifications)
      notifications.map { |notification| [ notification.kind, notification.data["events"] ] }
    end

    def versions(*list, at:, package: @package)
      travel_to at if at > Time.current
      versions = list.map { |tag, total| Component::Contract::TaggedVersion.new(id: tag.sum, tags: [ tag ], total:) }
      Package.record_versions([ [ package, versions, at ] ])
      package.reload
    end

    def read(package, total, at:, **)
      travel_to at if at > Time.current
      super
    end

    def fail_at(package, at, kind)
      travel_to at if at > Time.current
      package.reload.record_failure(Component::Problem.new(kind, "because"), about: "total", at:)
    end
end

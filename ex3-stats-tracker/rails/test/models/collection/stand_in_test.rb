require "test_helper"

# Collections with the real component, which reads the stand-in's pages, with each of the stand-in's faults.
#
# `cargo test -p ex3-stats-tracker --test rails` starts both.
class Collection::StandInTest < ActiveSupport::TestCase
  include RealComponent

  # Each fault of one package's page, and the kind of the failure. nil: the page can be read all the same.
  FAULTS = {
    "404" => "not_found",
    "429:1800" => "rate_limited",
    "429" => "rate_limited",
    "403" => "rate_limited",
    "500" => "unreachable",
    "502" => "unreachable",
    "503" => "unreachable",
    "slow-first-byte" => "timed_out",
    "slow-body" => "timed_out",
    "cut-body" => "unreachable",
    "cut-chunked" => "unreachable",
    "disconnect" => "unreachable",
    "gzip" => nil,
    "gzip-cut" => "unreachable",
    "gzip-bomb" => "too_large",
    "label-renamed" => "markup_changed",
    "title-dropped" => "markup_changed",
    "title-rounded" => "markup_changed",
    "title-empty" => "markup_changed",
    "title-too-large" => "markup_changed",
    "bar-not-a-number" => "markup_changed",
    "no-chart" => nil,
    "login" => "not_found",
    "redirect-loop" => "unreachable",
    "redirect-elsewhere" => "unreachable",
    "endless" => "too_large",
    "empty" => "markup_changed",
    "binary" => "markup_changed",
    "utf-16" => "markup_changed",
    "falling-total" => nil
  }.freeze

  POLICY = Collection::RequestPolicy.new(pause: 0, concurrency: 1, max_rate_limit_wait: 60, max_attempts: 1, retry_delay: 0.01)

  # The package with the fault, the one before it and the one after it.
  SAMPLE = %w[flux-manifests flagger flagger-loadtester].freeze

  FAULTS.each do |fault, kind|
    test "#{fault} is #{kind || "no failure"}" do
      stand_in.fail "flagger=#{fault}"
      collection = collect_sample
      flagger = package("flagger")
      if kind
        assert_equal [ kind, nil ], [ flagger.failure_kind, flagger.total ], flagger.failures.pluck(:detail).inspect
        assert_equal [ kind ], collection.failures.distinct.pluck(:kind)
      else
        assert_equal [ [], SAMPLE.size ], [ collection.failures.to_a, collection.packages_read ]
        assert_operator flagger.total, :>, 0
      end
      assert_equal kind == "rate_limited" ? "stopped" : "finished", collection.state
    end
  end

  test "every fault of the stand-in is tested" do
    usage = assert_raises(StandIn::Refused) { stand_in.fail "flagger=no-such-fault" }.message
    named = usage[/the faults are (.*?)["}]/, 1].split(/, /)
    # The help names a fault with its optional argument, or as a range.
    plain = named.map { |name| name.sub(/\[.*/, "") }
    tested = FAULTS.keys.map { |fault| fault.sub(/:.*/, "") } + %w[vanished list-shrinks list-grows heading-off]
    assert_empty plain.reject { |name| tested.include?(name) || (name == "500 to 599" && tested.include?("503")) }
  end

  test "the figures are those of the pages" do
    collection = collect
    assert_equal [ "finished", 20, 20, 0 ], collection.values_at(:state, :packages_listed, :packages_read, :packages_failed)
    package = package("source-controller")
    assert_equal [ 1_685_458_259, "fluxcd/source-controller", Time.utc(2026, 5, 10, 12) ],
      [ package.total, package.repository.name, package.measured_at ]
    assert_equal [ 30, Date.new(2026, 5, 10), package.recent.last ],
      [ package.daily_downloads.count, package.daily_downloads.maximum(:date), package.daily_downloads.find_by!(date: "2026-05-10").count ]
    assert_equal [ false ], package.daily_downloads.where(settled: false).map(&:settled)
    assert_equal 7_603_835_179, org.total
    assert_equal package("charts/flagger").repository, package("flagger").repository
    assert_nil package("helm-controller-arm64").repository
    versions = package.versions.ordered
    assert_operator versions.size, :>, 30, "the list has more than one page"
    assert versions.all? { |version| version.tags.any? }
    assert_operator versions.first.total, :>, 0
  end

  test "a total that falls" do
    collect
    before = package("flagger").total
    stand_in.now = Time.utc(2026, 5, 11, 12)
    stand_in.fail "flagger=falling-total"
    collect
    flagger = package("flagger")
    assert_operator flagger.total, :<, before
    assert_equal [ before, Time.utc(2026, 5, 11, 12), true ], [ flagger.fell_from, flagger.fell_at, flagger.days.chronological.last.fell ]
  end

  test "a package that vanishes, from one list and then from another" do
    collect
    stand_in.fail "flagger=vanished"
    stand_in.now = Time.utc(2026, 5, 11, 12)
    collect
    assert_equal [ false, true, 19 ], [ package("flagger").vanished?, package("flagger").missed?, org.packages_count ]
    stand_in.now = Time.utc(2026, 5, 12, 12)
    collect
    assert_equal [ true, 19 ], [ package("flagger").vanished?, org.packages_count ]
    assert_operator package("flagger").total, :>, 0
  end

  test "an outage of everything, and its end" do
    collect
    stand_in.now = Time.utc(2026, 5, 11, 12)
    stand_in.fail "*=503"
    away = collect
    assert_equal [ "stopped", "unreachable", 69 ], [ away.state, away.reason, away.exit_code ]
    assert_equal 7_603_835_179, org.reload.total, "the earlier total stays"
    stand_in.clear_faults
    back = collect
    assert_equal [ away.id, "finished", 20, 0 ], back.values_at(:id, :state, :packages_read, :packages_failed)
  end

  test "a fault that a second attempt solves leaves no failure" do
    stand_in.fail "flagger=503*1"
    collection = collect(POLICY.with(max_attempts: 3))
    assert_equal [ 20, 0 ], [ collection.packages_read, collection.failures.count ]
  end

  test "gaps of up to 29 days are filled" do
    collect
    stand_in.now = Time.utc(2026, 6, 8, 12)
    collect
    days = package("flagger").daily_downloads.chronological
    assert_equal (Date.new(2026, 4, 11)..Date.new(2026, 6, 8)).to_a, days.pluck(:date)
    assert_equal 58, days.settled.count
    stand_in.now = Time.utc(2026, 7, 18, 12)
    collect
    assert_equal Date.new(2026, 6, 8), days.reload.select { |day| !day.settled }.first.date, "no later page showed this day"
    assert_not days.exists?(date: "2026-06-10"), "a day that no page showed is a gap"
  end

  test "no more requests at a time than the policy allows, and each page once" do
    [ 1, 4 ].each do |concurrency|
      Org.where(name: "fluxcd").destroy_all
      stand_in.clear_log
      collect(POLICY.with(concurrency:))
      log = stand_in.log
      assert_operator log.fetch("maximum_concurrency"), :<=, concurrency
      # GitHub has two URLs of a package's page, and both may be requested; the same URL is requested once.
      paths = log.fetch("requests").map { |request| request.fetch("path") }
      assert_equal paths.uniq, paths
    end
  end

  test "a history is replayed until the present" do
    travel_to Time.utc(2026, 11, 22, 9)
    collections = History.new("fluxcd", days: 40, step: 20, stand_in:).play
    assert_equal 6, collections
    assert_equal %w[2026-10-13 2026-10-23 2026-11-02 2026-11-15 2026-11-21 2026-11-22], package("flagger").days.chronological.pluck(:date).map(&:to_s)
    assert_equal (Date.new(2026, 9, 14)..Date.new(2026, 11, 22)).to_a, package("flagger").daily_downloads.chronological.pluck(:date)
    assert package("flagger").growths.slice(1, 7, 30).values.all?(&:positive?)
    assert_equal [ true, true, true, false ], org.growths.values.map(&:present?)
    assert_in_delta Process.clock_gettime(Process::CLOCK_REALTIME), stand_in.now.to_f, 600, "the stand-in's clock runs on"
  end

  test "a history has releases, people who move to them, a withdrawn release, a viral day and a renamed package" do
    travel_to Time.utc(2026, 11, 28, 9)
    skipped = Component.new.packages("fluxcd").packages.map(&:name) - %w[flux-cli flagger flagger-manifests]
    with_environment("STATS_TRACKER_SKIP" => skipped.map { |name| "fluxcd/#{name}" }.join(" ")) do
      History.new("fluxcd", days: 150, step: 7, stand_in:).play
    end
    cli, old, new = %w[flux-cli flagger-manifests manifests/flagger].map { |name| package(name) }

    tags = Releases.of(package("flagger"), Date.new(2026, 7, 1)..Date.current).map(&:tag)
    assert_operator tags.size, :>, 4, tags.inspect
    versions = package("flagger").versions
    assert_includes versions.map(&:kind), :prerelease
    assert_equal [ :release ], versions.where.not(vanished_at: nil).map(&:kind).uniq - [ :prerelease ], "it is withdrawn, or was deleted after years"
    assert_includes cli.versions.map(&:kind), :signature

    curves = Adoption.new(VersionDownloads.new(package("flagger"), range: 30.days.ago.to_date..Date.current)).curves
    assert_operator curves.size, :>, 3
    assert curves.any? { |curve| curve.shares.compact.max.to_f > 20 }, curves.map(&:shares).inspect

    counts = cli.daily_downloads.pluck(:count)
    assert_operator counts.max, :>, 3 * counts.sort[-2], "a viral day"
    assert_equal [ true, false ], [ old.vanished?, new.vanished? ]
    assert_operator new.days.minimum(:date), :>=, Date.new(2026, 8, 4)
    assert_operator new.total, :>, 0
    assert_operator old.days.maximum(:date), :<, Date.new(2026, 8, 4)
  end

  test "only a history of the stand-in can be replayed" do
    with_environment("STATS_TRACKER_SOURCE" => "github.com") do
      assert_raises(ArgumentError) { History.new("fluxcd", days: 40, stand_in:) }
    end
    assert_raises(ArgumentError) { History.new("fluxcd", days: 0, stand_in:) }
    assert_raises(ArgumentError) { History.new("fluxcd", days: 40, step: 30, stand_in:) }
  end

  private
    def collect(policy = POLICY)
      now = stand_in.now
      Collection.collect("fluxcd", source: "stand-in", policy:, clock: -> { now })
    end

    # A fault has its effect on one package: reading all others each time would only take longer.
    def collect_sample
      names = Component.new.packages("fluxcd").packages.map(&:name)
      skipped = (names - SAMPLE).map { |name| "fluxcd/#{name}" }
      with_environment("STATS_TRACKER_SKIP" => skipped.join(" ")) { collect }
    end

    def org
      Org.find_by!(name: "fluxcd")
    end

    def package(name)
      org.packages.find_by!(name:)
    end
end

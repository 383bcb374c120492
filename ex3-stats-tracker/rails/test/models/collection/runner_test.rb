require "test_helper"

# Which requests are made, when, and when again. The component is a double in memory.
class Collection::RunnerTest < ActiveSupport::TestCase
  POLICY = Collection::RequestPolicy.new(pause: 0, concurrency: 1, max_rate_limit_wait: 60, max_attempts: 3, retry_delay: 0)
  NOON = Time.utc(2026, 5, 11, 12)

  setup { @now = NOON }

  test "the packages are read in GitHub's order, each with its versions" do
    component = ScriptedComponent.new({ "b" => 10, "a" => 20 }, versions: { "b" => [ [ 7, 9 ], [ 6, 1 ] ] }, repositories: { "b" => "new/repo" })
    collection = collect(component)
    assert_equal %w[list b b/versions a a/versions], component.requests
    assert_equal [ "finished", 2, 2, 0, 0 ], [ collection.state, *collection.values_at(:packages_listed, :packages_read, :packages_failed), collection.exit_code ]
    assert_equal [ [ "b", 10, "new/repo" ], [ "a", 20, nil ] ], org.packages.ordered.map { |package| [ package.name, package.total, package.repository&.name ] }
    assert_equal [ [ 7, [ "v7" ], 9 ], [ 6, [ "v6" ], 1 ] ], package("b").versions.ordered.pluck(:github_id, :tags, :total)
    assert_equal 30, org.total
  end

  test "never more requests at a time than allowed" do
    packages = (1..40).to_h { |number| [ "p#{number}", number ] }
    assert_equal 1, ScriptedComponent.new(packages).tap { |component| collect(component) }.max_concurrency
    @now += 1.hour
    component = ScriptedComponent.new(packages)
    collect(component, POLICY.with(concurrency: 4))
    assert_includes 2..4, component.max_concurrency
    assert_equal 40, org.packages.listed.where(measured_at: component.now).count
  end

  test "without a pause, packages are stored in batches, and otherwise each at once" do
    batches = []
    original = Collection::Runner.instance_method(:record)
    Collection::Runner.define_method(:record) do |outcomes|
      batches << outcomes.size
      original.bind_call(self, outcomes)
    end
    packages = (1..20).to_h { |number| [ "p#{number}", number == 3 ? problem("not_found") : number ] }
    collection = collect(ScriptedComponent.new(packages, versions: { "p7" => [ [ 1, 2 ] ] }), POLICY.with(concurrency: 2))
    assert_equal [ 20, 8 ], [ batches.sum, batches.max ]
    assert_equal [ 19, 1 ], collection.values_at(:packages_read, :packages_failed)
    assert_equal [ [ "p3", "not_found", "total" ] ], recorded_failures
    assert_equal packages.values.grep(Integer).sum, org.total
    assert_equal 1, package("p7").versions.count

    batches.clear
    @now += 1.hour
    collect(ScriptedComponent.new(packages), POLICY.with(concurrency: 2, pause: 0.001))
    assert_equal [ 1 ] * 20, batches
  ensure
    Collection::Runner.define_method(:record, original)
  end

  test "there is a pause before each request but the first" do
    pauses = []
    policy = POLICY.with(pause: 0.25)
    component = ScriptedComponent.new({ "a" => 1, "b" => 2 })
    with_sleeps(pauses) { without_rate_limiter { collect(component, policy) } }
    assert_equal [ 0.25 ] * 3, pauses
  end

  test "versions are read once a day" do
    component = ScriptedComponent.new({ "a" => 1 })
    collect(component)
    @now += 1.hour
    collect(component)
    @now += 1.day
    collect(component)
    assert_equal %w[list a a/versions list a list a a/versions], component.requests
  end

  test "a request is repeated after a temporary problem, and a lasting problem is stored as a failure" do
    %w[unreachable timed_out component_failed].each do |kind|
      component = ScriptedComponent.new({ "a" => [ problem(kind), problem(kind), 7 ], "b" => problem(kind), "c" => 9 })
      collection = collect(component)
      assert_equal %w[list a a a a/versions b b b c c/versions], component.requests
      assert_equal [ "finished", 2, 1, 65 ], [ collection.state, collection.packages_read, collection.packages_failed, collection.exit_code ]
      assert_equal [ [ "b", kind, "total" ] ], recorded_failures
      assert_equal kind, package("b").failure_kind
      start_over
    end
  end

  test "each delay is longer than the one before" do
    delays = (1..5).map { |attempt| Collection::RequestPolicy.for("github.com").delay(attempt) }
    assert_equal delays, delays.sort
    assert_operator delays.first, :>=, 2
    assert_not_equal POLICY.with(retry_delay: 1).delay(1), POLICY.with(retry_delay: 1).delay(1), "jitter keeps two clients out of step"
  end

  test "requests have the details of the list, which is read once" do
    component = ScriptedComponent.new({ "a" => 1, "b" => [ problem("unreachable"), 2 ] }, repositories: { "a" => "scripted/a" }, owner: "user")
    collect(component)
    with, without = { repository: "scripted/a", owner: "user" }, { repository: nil, owner: "user" }
    assert_equal({ "a" => with, "a/versions" => with, "b" => without, "b/versions" => without }, component.hints_by_name)
    assert_equal 1, component.requests.count("list")
  end

  test "a package whose versions are not found has not failed" do
    component = ScriptedComponent.new({ "a" => 7, "b" => 1 }, versions: { "a" => problem("not_found") })
    collection = collect(component)
    assert_equal [ [ "a", "not_found", "versions" ] ], recorded_failures
    assert_equal [ 7, nil, nil, nil ], package("a").then { |a| [ a.total, a.failing_since, a.failure_kind, a.vanished_at ] }
    assert_equal [ "finished", 2, 2, 0, 0, 65 ], [ collection.state, *counts(collection), collection.exit_code ]
    component.requests.clear
    @now += 1.hour
    collect(component)
    assert_equal %w[list a a/versions b], component.requests, "requested again by the next collection"
  end

  test "packages read, failed and not requested add up to those listed" do
    packages = { "a" => 1, "b" => problem("not_found"), "c" => [ problem("rate_limited", 1800), 3 ], "d" => 4, "e" => 5 }
    assert_equal [ 5, 1, 2, 2 ], counts(collect(ScriptedComponent.new(packages)))
    # In the second run a package that was read is no longer listed, and another one is new.
    @now += 31.minutes
    collection = collect(ScriptedComponent.new({ "b" => 2, "c" => 3, "d" => 4, "e" => 5, "f" => 6 }))
    assert_equal [ "finished", 6, 5, 1, 0 ], [ collection.state, *counts(collection) ]
    assert_equal [ nil, 0, 0, nil ], counts(collect_another(list: -> { problem("markup_changed") }))
  end

  test "a request is not repeated after a lasting problem" do
    %w[not_found markup_changed too_large bad_request out_of_range].each do |kind|
      component = ScriptedComponent.new({ "a" => problem(kind), "b" => 1 })
      collection = collect(component)
      assert_equal %w[list a b b/versions], component.requests
      assert_equal [ [ "a", kind, "total" ] ], recorded_failures
      assert_equal [ "finished", 65 ], [ collection.state, collection.exit_code ]
      assert_nil package("a").total, "what could not be read is not 0"
      start_over
    end
  end

  test "a short rate limit is waited for" do
    waits = []
    component = ScriptedComponent.new({ "a" => [ problem("rate_limited", 20), 5 ], "b" => 1 })
    collection = with_sleeps(waits) { collect(component) }
    assert_equal [ 20 ], waits
    assert_equal [ "finished", 2, 0 ], [ collection.state, collection.packages_read, collection.exit_code ]
  end

  test "a rate limit of max_rate_limit_wait is waited for, and one a second longer is not" do
    assert_equal "finished", with_sleeps([]) { collect(ScriptedComponent.new({ "a" => [ problem("rate_limited", 60), 5 ] })) }.state
    @now += 1.hour
    assert_equal "stopped", with_sleeps([]) { collect(ScriptedComponent.new({ "a" => [ problem("rate_limited", 61), 5 ] })) }.state
  end

  test "when a collection stops, a thread that waits for its next attempt does not make it" do
    component = ScriptedComponent.new({ "a" => problem("unreachable"), "b" => problem("rate_limited", 1800) })
    component.define_singleton_method(:measure) do |org, name, **hints|
      # Until the other thread waits.
      sleep 0.2 if name == "b"
      super(org, name, **hints)
    end
    collection = collect(component, POLICY.with(concurrency: 2, retry_delay: 60))
    assert_equal [ "stopped", "rate_limited" ], collection.values_at(:state, :reason)
    assert_equal 1, component.requests.count("a")
  end

  test "waits add up: a collection stops when they exceed max_rate_limit_wait together" do
    limited = -> { [ problem("rate_limited", 25), 1 ] }
    component = ScriptedComponent.new({ "a" => limited[], "b" => limited[], "c" => limited[], "d" => 1 })
    collection = with_sleeps([]) { collect(component) }
    assert_equal %w[list a a a/versions b b b/versions c], component.requests
    assert_equal [ "stopped", "rate_limited", 2, 1 ], collection.values_at(:state, :reason, :packages_read, :packages_failed)
  end

  test "a long rate limit stops the collection, and the next run resumes it there" do
    component = ScriptedComponent.new({ "a" => 1, "b" => [ problem("rate_limited", 1800), 2 ], "c" => 3 })
    collection = collect(component)
    assert_equal %w[list a a/versions b], component.requests
    assert_equal [ "stopped", "rate_limited", NOON + 1800, 69 ], [ *collection.values_at(:state, :reason, :retry_at), collection.exit_code ]
    assert_nil collection.finished_at

    @now = NOON + 1799
    assert_raises(Collection::TooEarly) { collect(component) }
    assert_equal %w[list a a/versions b], component.requests, "no request before the time of Retry-After"

    @now = NOON + 1801
    component.requests.clear
    resumed = collect(ScriptedComponent.new({ "a" => 1, "b" => 2, "c" => 3 }).tap { |again| component = again })
    assert_equal collection, resumed
    assert_equal %w[list b b/versions c c/versions], component.requests
    assert_equal [ "finished", 3, 0, 2, 0 ], [ *resumed.values_at(:state, :packages_read, :packages_failed, :runs), resumed.exit_code ]
    assert_equal [ [ "b", "rate_limited", "total" ] ], recorded_failures, "a failure stays stored"
  end

  test "a package that fails again in a resumed collection counts as failed once" do
    limited = { "a" => 1, "b" => problem("rate_limited", 1800), "c" => 3 }
    collect(ScriptedComponent.new(limited))
    @now = NOON + 1801
    collection = collect(ScriptedComponent.new(limited))
    assert_equal [ "stopped", 1, 1 ], collection.values_at(:state, :packages_read, :packages_failed)
    assert_equal [ [ "b", "rate_limited", "total" ] ] * 2, recorded_failures
  end

  test "a rate limit holds for every organisation" do
    collect(ScriptedComponent.new({ "a" => problem("rate_limited", 1800) }))
    assert_raises(Collection::TooEarly) { Collection.collect("other", source: "stand-in", policy: POLICY, clock: -> { @now }, component: ScriptedComponent.new({})) }
  end

  test "a rate limit while versions are read stops the collection, and only the versions are read again" do
    limited = ScriptedComponent.new({ "a" => 1, "b" => 2 }, versions: { "a" => problem("rate_limited") })
    assert_equal "stopped", collect(limited).state
    assert_equal [ [ "a", "rate_limited", "versions" ] ], recorded_failures
    component = ScriptedComponent.new({ "a" => 1, "b" => 2 }, versions: { "a" => [ [ 7, 1 ] ] })
    collection = collect(component)
    assert_equal %w[list b b/versions a/versions], component.requests, "b was never read, and is next"
    assert_equal [ "finished", 2 ], collection.values_at(:state, :packages_read)
  end

  test "an outage stops the collection, which is resumed" do
    away = (1..6).to_h { |number| [ "p#{number}", problem("unreachable") ] }
    component = ScriptedComponent.new(away)
    collection = collect(component, POLICY.with(max_attempts: 1))
    assert_equal %w[list p1 p2 p3], component.requests
    assert_equal [ "stopped", "unreachable", 0, 3 ], collection.values_at(:state, :reason, :packages_read, :packages_failed)

    back = ScriptedComponent.new(away.transform_values { 5 })
    resumed = collect(back)
    assert_equal [ collection.id, "finished", 6, 0 ], resumed.values_at(:id, :state, :packages_read, :packages_failed)
  end

  test "packages that can't be read between others do not stop the collection" do
    packages = (1..9).to_h { |number| [ "p#{number}", number.even? ? problem("timed_out") : number ] }
    collection = collect(ScriptedComponent.new(packages), POLICY.with(max_attempts: 1))
    assert_equal [ "finished", 5, 4, 65 ], [ *collection.values_at(:state, :packages_read, :packages_failed), collection.exit_code ]
  end

  test "a temporary problem of the list stops the collection; a lasting one finishes it" do
    collection = collect(ScriptedComponent.new({}, list: -> { problem("timed_out") }))
    assert_equal [ "stopped", "timed_out", nil, 69 ], [ *collection.values_at(:state, :reason, :packages_listed), collection.exit_code ]
    assert_equal [ [ nil, "timed_out", "list" ] ], recorded_failures
    @now += 1.minute
    collection = collect(ScriptedComponent.new({}, list: -> { problem("markup_changed") }))
    assert_equal [ "finished", "markup_changed", 65 ], [ *collection.values_at(:state, :reason), collection.exit_code ]
  end

  test "an organisation that vanishes stays stored with a flag, and loses it when it is back" do
    collect(ScriptedComponent.new({ "a" => 1 }))
    @now += 1.day
    collection = collect(ScriptedComponent.new({}, list: -> { problem("not_found") }))
    assert_equal [ @now, 1 ], [ org.vanished_at, org.packages.count ]
    assert_equal 65, collection.exit_code
    @now += 1.day
    collect(ScriptedComponent.new({ "a" => 2 }))
    assert_nil org.vanished_at
  end

  test "an organisation that GitHub never showed is not stored" do
    assert_raises(Org::Unknown) { collect(ScriptedComponent.new({}, list: -> { problem("not_found") })) }
    assert_not Org.exists?(name: "scripted")
  end

  test "a package that two lists lack has vanished, and is back when it is listed again" do
    collect(ScriptedComponent.new({ "a" => 1, "b" => 2 }))
    @now += 1.day
    component = ScriptedComponent.new({ "a" => 1, "renamed" => 3 }, now: @now)
    collection = collect(component)
    assert_equal [ nil, @now, 2, 6 ], [ package("b").vanished_at, package("b").missed_at, package("b").total, org.total ]
    assert_equal [ 2, 2, 0 ], collection.values_at(:packages_listed, :packages_read, :packages_failed)
    assert_not_includes component.requests, "b", "nor was it requested"
    @now += 1.day
    collect(ScriptedComponent.new({ "a" => 1, "renamed" => 3 }, now: @now))
    assert_equal [ @now, 2, 4 ], [ package("b").vanished_at, package("b").total, org.total ]
    2.times do
      @now += 1.day
      collect(ScriptedComponent.new({ "a" => 1, "b" => 2 }, now: @now))
    end
    assert_equal [ nil, @now, 3 ], [ package("b").vanished_at, package("renamed").vanished_at, org.total ]
  end

  test "an empty organisation" do
    collection = collect(ScriptedComponent.new({}))
    assert_equal [ "finished", 0, 0, nil ], [ collection.state, collection.packages_listed, collection.exit_code, org.total ]
  end

  test "packages in STATS_TRACKER_SKIP are not requested" do
    with_environment("STATS_TRACKER_SKIP" => "scripted/b other/a") do
      component = ScriptedComponent.new({ "a" => 1, "b" => 2 })
      collect(component)
      assert_equal %w[list a a/versions], component.requests
      assert_equal %w[a], org.packages.pluck(:name)
    end
  end

  test "a killed collection is resumed; after half a day it is abandoned, and its remaining packages get a failure" do
    killed = org_tracked.collections.create!(state: "running", started_at: @now)
    @now += 1.hour
    assert_equal killed, collect(ScriptedComponent.new({ "a" => 1, "b" => problem("not_found") }))

    @now += 1.hour
    begun = @now
    given_up = org.collections.create!(state: "running", started_at: begun)
    package("a").update!(collection: given_up)
    @now += 13.hours
    component = ScriptedComponent.new({ "a" => 2, "b" => 2 }, now: @now)
    collection = collect(component)
    assert_not_equal given_up, collection
    assert_equal [ "abandoned", @now, 1 ], given_up.reload.values_at(:state, :finished_at, :packages_failed)
    assert_equal [ "b", "interrupted", begun ], given_up.failures.sole.then { |failure| [ failure.package.name, failure.kind, failure.at ] }
  end

  test "figures of two sources are not mixed" do
    collect(ScriptedComponent.new({ "a" => 1 }))
    assert_raises(Org::OtherSource) { Collection.collect("scripted", source: "github.com", policy: POLICY, component: ScriptedComponent.new({})) }
  end

  test "an organisation has one history, however its name is written" do
    collect(ScriptedComponent.new({ "a" => 1 }))
    @now += 1.hour
    Collection.collect("ScripTed", source: "stand-in", policy: POLICY, clock: -> { @now }, component: ScriptedComponent.new({ "a" => 1 }))
    assert_equal 2, org.collections.count
  end

  test "a name that no account can have is refused before any request" do
    [ "", "-a", "a/b", "..", "a b", "a" * 40, "a\nb", "ä" ].each do |name|
      assert_raises(ActiveRecord::RecordInvalid) { Collection.collect(name, source: "stand-in", component: ScriptedComponent.new({})) }
    end
  end

  test "an exception in any thread ends the run, and the collection can be resumed" do
    # The last two are no StandardError.
    [ NoMethodError, NotImplementedError, NoMemoryError ].each do |error|
      component = ScriptedComponent.new({ "a" => 1, "b" => error.new("a mistake"), "c" => 1 })
      assert_raises(error) { collect(component) }
      assert_equal [ "running", 1 ], org.collections.sole.values_at(:state, :packages_read)
    end
    assert_equal [ "finished", 3 ], collect(ScriptedComponent.new({ "a" => 1, "b" => 1, "c" => 1 })).values_at(:state, :packages_read)
  end

  test "an exception in one thread ends the others" do
    asking = nil
    component = ScriptedComponent.new({ "a" => 1, "b" => NoMethodError.new("a mistake") })
    component.define_singleton_method(:measure) do |org, name, **hints|
      if name == "a"
        asking = Thread.current
        sleep
      end
      Thread.pass until asking
      super(org, name, **hints)
    end
    assert_raises(NoMethodError) { collect(component, POLICY.with(concurrency: 2)) }
    assert asking.join(10), "the thread was ended"
  end

  test "a collection that is resumed on the next day sums up both days, and counts the seconds of all runs" do
    @now = NOON + 6.hours
    killed = org_tracked.collections.create!(state: "running", started_at: @now, seconds: 100)
    org.list([ Component::Contract::ListedPackage.new(name: "a", repository: nil) ], at: @now)
    Package.record({ package("a") => Component::Contract::Reading.new(total: 5, daily: {}, measured_at: @now) }, collection: killed)
    killed.update!(packages_read: 1)
    @now = NOON + 13.hours
    collection = collect(ScriptedComponent.new({ "a" => 5, "b" => 7 }, now: @now))
    assert_equal [ killed, 12 ], [ collection, org.total ]
    assert_equal [ [ NOON.to_date, 5 ], [ NOON.to_date + 1, 12 ] ], org.days.order(:date).pluck(:date, :total)
    assert_operator collection.seconds, :>, 100
  end

  test "versions have the time at which their package was read" do
    component = ScriptedComponent.new({ "a" => 1 }, versions: { "a" => [ [ 7, 9 ] ] }, now: @now - 5.minutes)
    collect(component)
    assert_equal [ component.now ] * 2, [ package("a").versions_measured_at, package("a").versions.sole.last_read_at ]
  end

  test "a collection that lost its lock stores nothing more" do
    lock = Struct.new(:answers) { def held? = answers.shift }.new([ true, true, false ])
    collection = org_tracked.collections.create!(state: "running", started_at: @now)
    runner = runner_of(collection, lock, { "a" => 1, "b" => 2 })
    assert_raises(Collection::Lock::Taken) { runner.run }
    assert_equal [ 1, nil ], [ package("a").total, package("b").total ]
  end

  # The first process lost its connection for so long that the second one did all of this, and then has the lock again.
  test "a collection that another process has resumed or abandoned meanwhile stores nothing more" do
    [ -> { _1.update!(runs: 2, state: "finished", finished_at: @now) }, -> { _1.abandon(at: @now) }, -> { _1.org.destroy! } ].each do |meanwhile|
      collection = org_tracked.collections.create!(state: "running", started_at: @now)
      held = [ true, true, -> { meanwhile.call(Collection.find(collection.id)) } ]
      lock = Struct.new(:held) { def held? = held.shift.then { |answer| answer.respond_to?(:call) ? answer.call && true : answer } }.new(held)
      assert_raises(Collection::Lock::Taken) { runner_of(collection, lock, { "a" => 1, "b" => 2 }).run }
      assert_equal [ 1, nil ], [ package("a").total, package("b").total ] if Org.exists?(name: "scripted")
      Org.where(name: "scripted").destroy_all
    end
  end

  test "the request policy can be set within limits" do
    assert_equal({ pause: 1, concurrency: 1, max_rate_limit_wait: 60, max_attempts: 3, retry_delay: 2 }, Collection::RequestPolicy.for("github.com").to_h)
    assert_equal({ pause: 0, concurrency: 4, max_rate_limit_wait: 60, max_attempts: 3, retry_delay: 0.02 }, Collection::RequestPolicy.for("stand-in").to_h)
    with_environment("STATS_TRACKER_PAUSE" => "0.5", "STATS_TRACKER_CONCURRENCY" => "3") do
      assert_equal [ 0.5, 3 ], Collection::RequestPolicy.for("stand-in").then { |policy| [ policy.pause, policy.concurrency ] }
    end
    with_environment("STATS_TRACKER_PAUSE" => "2.5") { assert_equal 2.5, Collection::RequestPolicy.for("github.com").pause }
    [ %w[PAUSE 0], %w[PAUSE 0.99], %w[CONCURRENCY 2] ].each do |name, value|
      with_environment("STATS_TRACKER_#{name}" => value) do
        assert_match(/#{name} is (a number from )?1.* with this source, not #{value}/, assert_raises(ArgumentError) { Collection::RequestPolicy.for("github.com") }.message)
        assert Collection::RequestPolicy.for("stand-in"), "a stand-in has no such limit"
      end
    end
    [ %w[PAUSE -1], %w[PAUSE x], %w[PAUSE NaN], %w[CONCURRENCY 0], %w[CONCURRENCY 1000] ].each do |name, value|
      with_environment("STATS_TRACKER_#{name}" => value) do
        assert_raises(ArgumentError) { Collection::RequestPolicy.for("github.com") }
      end
    end
  end

  private
    def collect(component, policy = POLICY)
      Collection.collect("scripted", source: "stand-in", policy:, clock: -> { @now }, component:)
    end

    def collect_another(**)
      Collection.collect("another", source: "stand-in", policy: POLICY, clock: -> { @now }, component: ScriptedComponent.new({}, **))
    end

    def counts(collection)
      [ collection.packages_listed, collection.packages_read, collection.packages_failed, collection.not_asked ]
    end

    # Replaces sleeping by a record of the seconds.
    def with_sleeps(recorded)
      original = Collection::Runner.instance_method(:sleep_for)
      Collection::Runner.define_method(:sleep_for) { |seconds| recorded << seconds if seconds.positive? }
      yield
    ensure
      Collection::Runner.define_method(:sleep_for, original)
    end

    # Each package is stored at once.
    def runner_of(collection, lock, packages)
      without_rate_limiter do
        Collection::Runner.new(collection, lock:, policy: POLICY.with(pause: 0.001), clock: -> { @now }, progress: Collection::Progress.new,
          component: ScriptedComponent.new(packages))
      end
    end

    # With the pause of one collector alone, as on SQLite: on PostgreSQL the tests' threads have one connection together.
    def without_rate_limiter
      original = Collection::RateLimiter.method(:for)
      Collection::RateLimiter.define_singleton_method(:for) { |*, **| nil }
      yield
    ensure
      Collection::RateLimiter.define_singleton_method(:for, original)
    end

    def problem(kind, retry_after = nil)
      Component::Problem.new(kind, "it is #{kind}", retry_after:)
    end

    def org
      Org.find_by!(name: "scripted")
    end

    def org_tracked
      Org.track("scripted", source: "stand-in")
    end

    def package(name)
      org.packages.find_by!(name:)
    end

    def recorded_failures
      org.failures.order(:id).map { |failure| [ failure.package&.name, failure.kind, failure.about ] }
    end

    def start_over
      org.destroy!
      @now += 1.day
    end
end

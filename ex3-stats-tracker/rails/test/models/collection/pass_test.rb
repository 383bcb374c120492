require "test_helper"

# What is asked for when, and when again; with a component in memory.
class Collection::PassTest < ActiveSupport::TestCase
  PATIENT = Collection::Manners.new(pause: 0, concurrency: 1, wait: 60, attempts: 3, retry_delay: 0)
  NOON = Time.utc(2026, 5, 11, 12)

  setup { @now = NOON }

  test "the packages are read in GitHub's order, each with its versions" do
    component = ScriptedComponent.new({ "b" => 10, "a" => 20 }, versions: { "b" => [ [ 7, 9 ], [ 6, 1 ] ] }, repositories: { "b" => "new/repo" })
    collection = collect(component)
    assert_equal %w[list b b/versions a a/versions], component.asked
    assert_equal [ "finished", 2, 2, 0, 0 ], [ collection.state, *collection.values_at(:packages_listed, :packages_read, :packages_failed), collection.exit_code ]
    assert_equal [ [ "b", 10, "new/repo" ], [ "a", 20, nil ] ], org.packages.ordered.map { |package| [ package.name, package.total, package.repository&.name ] }
    assert_equal [ [ 7, [ "v7" ], 9 ], [ 6, [ "v6" ], 1 ] ], package("b").versions.ordered.pluck(:github_id, :tags, :total)
    assert_equal 30, org.total
  end

  test "never more requests at a time than allowed" do
    packages = (1..40).to_h { |number| [ "p#{number}", number ] }
    assert_equal 1, ScriptedComponent.new(packages).tap { |component| collect(component) }.most_at_once
    @now += 1.hour
    component = ScriptedComponent.new(packages)
    collect(component, PATIENT.with(concurrency: 4))
    assert_includes 2..4, component.most_at_once
    assert_equal 40, org.packages.listed.where(measured_at: component.now).count
  end

  test "where nothing pauses, packages are written down together, and otherwise each at once" do
    together = []
    original = Collection::Pass.instance_method(:note)
    Collection::Pass.define_method(:note) do |outcomes|
      together << outcomes.size
      original.bind_call(self, outcomes)
    end
    packages = (1..20).to_h { |number| [ "p#{number}", number == 3 ? problem("not_found") : number ] }
    collection = collect(ScriptedComponent.new(packages, versions: { "p7" => [ [ 1, 2 ] ] }), PATIENT.with(concurrency: 2))
    assert_equal [ 20, 8 ], [ together.sum, together.max ]
    assert_equal [ 19, 1 ], collection.values_at(:packages_read, :packages_failed)
    assert_equal [ [ "p3", "not_found", "total" ] ], written_down
    assert_equal packages.values.grep(Integer).sum, org.total
    assert_equal 1, package("p7").versions.count

    together.clear
    @now += 1.hour
    collect(ScriptedComponent.new(packages), PATIENT.with(concurrency: 2, pause: 0.001))
    assert_equal [ 1 ] * 20, together
  ensure
    Collection::Pass.define_method(:note, original)
  end

  test "there is a pause before each request but the first" do
    pauses = []
    manners = PATIENT.with(pause: 0.25)
    component = ScriptedComponent.new({ "a" => 1, "b" => 2 })
    with_sleeps(pauses) { collect(component, manners) }
    assert_equal [ 0.25 ] * 3, pauses
  end

  test "versions are read once a day" do
    component = ScriptedComponent.new({ "a" => 1 })
    collect(component)
    @now += 1.hour
    collect(component)
    @now += 1.day
    collect(component)
    assert_equal %w[list a a/versions list a list a a/versions], component.asked
  end

  test "a hiccup is tried again, and an outage given up and written down" do
    %w[unreachable timed_out component_failed].each do |kind|
      component = ScriptedComponent.new({ "a" => [ problem(kind), problem(kind), 7 ], "b" => problem(kind), "c" => 9 })
      collection = collect(component)
      assert_equal %w[list a a a a/versions b b b c c/versions], component.asked
      assert_equal [ "finished", 2, 1, 65 ], [ collection.state, collection.packages_read, collection.packages_failed, collection.exit_code ]
      assert_equal [ [ "b", kind, "total" ] ], written_down
      assert_equal kind, package("b").failure_kind
      start_over
    end
  end

  test "each delay is longer than the one before" do
    delays = (1..5).map { |attempt| Collection::Manners.towards("github.com").delay(attempt) }
    assert_equal delays, delays.sort
    assert_operator delays.first, :>=, 2
    assert_not_equal PATIENT.with(retry_delay: 1).delay(1), PATIENT.with(retry_delay: 1).delay(1), "chance keeps two from asking in step"
  end

  test "the component is told what the list said, which is asked for once" do
    component = ScriptedComponent.new({ "a" => 1, "b" => [ problem("unreachable"), 2 ] }, repositories: { "a" => "scripted/a" }, owner: "user")
    collect(component)
    with, without = { repository: "scripted/a", owner: "user" }, { repository: nil, owner: "user" }
    assert_equal({ "a" => with, "a/versions" => with, "b" => without, "b/versions" => without }, component.hinted)
    assert_equal 1, component.asked.count("list")
  end

  test "versions that are not found say nothing about the package" do
    component = ScriptedComponent.new({ "a" => 7, "b" => 1 }, versions: { "a" => problem("not_found") })
    collection = collect(component)
    assert_equal [ [ "a", "not_found", "versions" ] ], written_down
    assert_equal [ 7, nil, nil, nil ], package("a").then { |a| [ a.total, a.failing_since, a.failure_kind, a.vanished_at ] }
    assert_equal [ "finished", 2, 2, 0, 0, 65 ], [ collection.state, *numbers(collection), collection.exit_code ]
    component.asked.clear
    @now += 1.hour
    collect(component)
    assert_equal %w[list a a/versions b], component.asked, "asked for again with the next pass"
  end

  test "packages read, failed and not asked for add up to those listed" do
    packages = { "a" => 1, "b" => problem("not_found"), "c" => [ problem("rate_limited", 1800), 3 ], "d" => 4, "e" => 5 }
    assert_equal [ 5, 1, 2, 2 ], numbers(collect(ScriptedComponent.new(packages)))
    # When it goes on, one that was read is no longer listed, and one is new.
    @now += 31.minutes
    collection = collect(ScriptedComponent.new({ "b" => 2, "c" => 3, "d" => 4, "e" => 5, "f" => 6 }))
    assert_equal [ "finished", 6, 5, 1, 0 ], [ collection.state, *numbers(collection) ]
    assert_equal [ nil, 0, 0, nil ], numbers(collect_another(list: -> { problem("markup_changed") }))
  end

  test "what would not help is not tried again" do
    %w[not_found markup_changed too_large bad_request out_of_range].each do |kind|
      component = ScriptedComponent.new({ "a" => problem(kind), "b" => 1 })
      collection = collect(component)
      assert_equal %w[list a b b/versions], component.asked
      assert_equal [ [ "a", kind, "total" ] ], written_down
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

  test "a rate limit of as much as the pass has patience for is waited for, and not a second more" do
    assert_equal "finished", with_sleeps([]) { collect(ScriptedComponent.new({ "a" => [ problem("rate_limited", 60), 5 ] })) }.state
    @now += 1.hour
    assert_equal "stopped", with_sleeps([]) { collect(ScriptedComponent.new({ "a" => [ problem("rate_limited", 61), 5 ] })) }.state
  end

  test "a pass that stops does not ask again for what another thread waits to ask for" do
    component = ScriptedComponent.new({ "a" => problem("unreachable"), "b" => problem("rate_limited", 1800) })
    component.define_singleton_method(:measure) do |org, name, **hints|
      # When the first one waits.
      sleep 0.2 if name == "b"
      super(org, name, **hints)
    end
    collection = collect(component, PATIENT.with(concurrency: 2, retry_delay: 60))
    assert_equal [ "stopped", "rate_limited" ], collection.values_at(:state, :reason)
    assert_equal 1, component.asked.count("a")
  end

  test "waits add up: what is longer in all than the pass has patience ends it" do
    limited = -> { [ problem("rate_limited", 25), 1 ] }
    component = ScriptedComponent.new({ "a" => limited[], "b" => limited[], "c" => limited[], "d" => 1 })
    collection = with_sleeps([]) { collect(component) }
    assert_equal %w[list a a a/versions b b b/versions c], component.asked
    assert_equal [ "stopped", "rate_limited", 2, 1 ], collection.values_at(:state, :reason, :packages_read, :packages_failed)
  end

  test "a long rate limit stops the pass, and the next one resumes it where it was" do
    component = ScriptedComponent.new({ "a" => 1, "b" => [ problem("rate_limited", 1800), 2 ], "c" => 3 })
    collection = collect(component)
    assert_equal %w[list a a/versions b], component.asked
    assert_equal [ "stopped", "rate_limited", NOON + 1800, 69 ], [ *collection.values_at(:state, :reason, :retry_at), collection.exit_code ]
    assert_nil collection.finished_at

    @now = NOON + 1799
    assert_raises(Collection::TooEarly) { collect(component) }
    assert_equal %w[list a a/versions b], component.asked, "GitHub is left alone until then"

    @now = NOON + 1801
    component.asked.clear
    resumed = collect(ScriptedComponent.new({ "a" => 1, "b" => 2, "c" => 3 }).tap { |again| component = again })
    assert_equal collection, resumed
    assert_equal %w[list b b/versions c c/versions], component.asked
    assert_equal [ "finished", 3, 0, 2, 0 ], [ *resumed.values_at(:state, :packages_read, :packages_failed, :runs), resumed.exit_code ]
    assert_equal [ [ "b", "rate_limited", "total" ] ], written_down, "what happened stays written down"
  end

  test "a package that fails again in a pass that was resumed has failed once" do
    limited = { "a" => 1, "b" => problem("rate_limited", 1800), "c" => 3 }
    collect(ScriptedComponent.new(limited))
    @now = NOON + 1801
    collection = collect(ScriptedComponent.new(limited))
    assert_equal [ "stopped", 1, 1 ], collection.values_at(:state, :packages_read, :packages_failed)
    assert_equal [ [ "b", "rate_limited", "total" ] ] * 2, written_down
  end

  test "another organisation leaves GitHub alone, too" do
    collect(ScriptedComponent.new({ "a" => problem("rate_limited", 1800) }))
    assert_raises(Collection::TooEarly) { Collection.collect("other", source: "stand-in", manners: PATIENT, clock: -> { @now }, component: ScriptedComponent.new({})) }
  end

  test "a rate limit while versions are read stops the pass, and only they are read again" do
    limited = ScriptedComponent.new({ "a" => 1, "b" => 2 }, versions: { "a" => problem("rate_limited") })
    assert_equal "stopped", collect(limited).state
    assert_equal [ [ "a", "rate_limited", "versions" ] ], written_down
    component = ScriptedComponent.new({ "a" => 1, "b" => 2 }, versions: { "a" => [ [ 7, 1 ] ] })
    collection = collect(component)
    assert_equal %w[list a/versions b b/versions], component.asked
    assert_equal [ "finished", 2 ], collection.values_at(:state, :packages_read)
  end

  test "when nothing can be reached the pass stops, and is resumed" do
    away = (1..6).to_h { |number| [ "p#{number}", problem("unreachable") ] }
    component = ScriptedComponent.new(away)
    collection = collect(component, PATIENT.with(attempts: 1))
    assert_equal %w[list p1 p2 p3], component.asked
    assert_equal [ "stopped", "unreachable", 0, 3 ], collection.values_at(:state, :reason, :packages_read, :packages_failed)

    back = ScriptedComponent.new(away.transform_values { 5 })
    resumed = collect(back)
    assert_equal [ collection.id, "finished", 6, 0 ], resumed.values_at(:id, :state, :packages_read, :packages_failed)
  end

  test "some that can't be reached between others do not stop it" do
    packages = (1..9).to_h { |number| [ "p#{number}", number.even? ? problem("timed_out") : number ] }
    collection = collect(ScriptedComponent.new(packages), PATIENT.with(attempts: 1))
    assert_equal [ "finished", 5, 4, 65 ], [ *collection.values_at(:state, :packages_read, :packages_failed), collection.exit_code ]
  end

  test "a list that can't be read for now stops the pass; one that never can be ends it" do
    collection = collect(ScriptedComponent.new({}, list: -> { problem("timed_out") }))
    assert_equal [ "stopped", "timed_out", nil, 69 ], [ *collection.values_at(:state, :reason, :packages_listed), collection.exit_code ]
    assert_equal [ [ nil, "timed_out", "list" ] ], written_down
    @now += 1.minute
    collection = collect(ScriptedComponent.new({}, list: -> { problem("markup_changed") }))
    assert_equal [ "finished", "markup_changed", 65 ], [ *collection.values_at(:state, :reason), collection.exit_code ]
  end

  test "an organisation that vanishes is kept and flagged, and found again when it is back" do
    collect(ScriptedComponent.new({ "a" => 1 }))
    @now += 1.day
    collection = collect(ScriptedComponent.new({}, list: -> { problem("not_found") }))
    assert_equal [ @now, 1 ], [ org.vanished_at, org.packages.count ]
    assert_equal 65, collection.exit_code
    @now += 1.day
    collect(ScriptedComponent.new({ "a" => 2 }))
    assert_nil org.vanished_at
  end

  test "an organisation nobody ever saw is not kept" do
    assert_raises(Org::Unknown) { collect(ScriptedComponent.new({}, list: -> { problem("not_found") })) }
    assert_not Org.exists?(name: "scripted")
  end

  test "a package that two passes did not see listed has vanished, and is back when it is listed again" do
    collect(ScriptedComponent.new({ "a" => 1, "b" => 2 }))
    @now += 1.day
    component = ScriptedComponent.new({ "a" => 1, "renamed" => 3 }, now: @now)
    collection = collect(component)
    assert_equal [ nil, @now, 2, 6 ], [ package("b").vanished_at, package("b").missed_at, package("b").total, org.total ]
    assert_equal [ 2, 2, 0 ], collection.values_at(:packages_listed, :packages_read, :packages_failed)
    assert_not_includes component.asked, "b", "nor was it asked for"
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

  test "who asked not to be counted is not asked about" do
    with_environment("STATS_TRACKER_SKIP" => "scripted/b other/a") do
      component = ScriptedComponent.new({ "a" => 1, "b" => 2 })
      collect(component)
      assert_equal %w[list a a/versions], component.asked
      assert_equal %w[a], org.packages.pluck(:name)
    end
  end

  test "a pass that was killed is resumed; after half a day it is given up, and what it had left is a failure" do
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
    assert_raises(Org::OtherSource) { Collection.collect("scripted", source: "github.com", manners: PATIENT, component: ScriptedComponent.new({})) }
  end

  test "an organisation has one history, however its name is written" do
    collect(ScriptedComponent.new({ "a" => 1 }))
    @now += 1.hour
    Collection.collect("ScripTed", source: "stand-in", manners: PATIENT, clock: -> { @now }, component: ScriptedComponent.new({ "a" => 1 }))
    assert_equal 2, org.collections.count
  end

  test "a name that no account can have is refused before anything is asked" do
    [ "", "-a", "a/b", "..", "a b", "a" * 40, "a\nb", "ä" ].each do |name|
      assert_raises(ActiveRecord::RecordInvalid) { Collection.collect(name, source: "stand-in", component: ScriptedComponent.new({})) }
    end
  end

  test "a mistake of the program ends the pass, whichever thread makes it, and leaves it to be resumed" do
    # Also by what is no StandardError.
    [ NoMethodError, NotImplementedError, NoMemoryError ].each do |mistake|
      component = ScriptedComponent.new({ "a" => 1, "b" => mistake.new("a mistake"), "c" => 1 })
      assert_raises(mistake) { collect(component) }
      assert_equal [ "running", 1 ], org.collections.sole.values_at(:state, :packages_read)
    end
    assert_equal [ "finished", 3 ], collect(ScriptedComponent.new({ "a" => 1, "b" => 1, "c" => 1 })).values_at(:state, :packages_read)
  end

  test "when the program's mistake ends a pass, no thread of it goes on asking" do
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
    assert_raises(NoMethodError) { collect(component, PATIENT.with(concurrency: 2)) }
    assert asking.join(10), "it was ended"
  end

  test "a pass that is resumed on the next day sums up the days it spans, and counts all its seconds" do
    @now = NOON + 6.hours
    killed = org_tracked.collections.create!(state: "running", started_at: @now, seconds: 100)
    org.list([ Component::Contract::Listed.new(name: "a", repository: nil) ], at: @now)
    Package.record({ package("a") => Component::Contract::Reading.new(total: 5, daily: {}, measured_at: @now) }, collection: killed)
    killed.update!(packages_read: 1)
    @now = NOON + 13.hours
    collection = collect(ScriptedComponent.new({ "a" => 5, "b" => 7 }, now: @now))
    assert_equal [ killed, 12 ], [ collection, org.total ]
    assert_equal [ [ NOON.to_date, 5 ], [ NOON.to_date + 1, 12 ] ], org.days.order(:date).pluck(:date, :total)
    assert_operator collection.seconds, :>, 100
  end

  test "versions are of the time at which their package was read" do
    component = ScriptedComponent.new({ "a" => 1 }, versions: { "a" => [ [ 7, 9 ] ] }, now: @now - 5.minutes)
    collect(component)
    assert_equal [ component.now ] * 2, [ package("a").versions_measured_at, package("a").versions.sole.measured_at ]
  end

  test "a pass that lost its lock to another writes nothing more" do
    lock = Struct.new(:answers) { def held? = answers.shift }.new([ true, true, false ])
    collection = org_tracked.collections.create!(state: "running", started_at: @now)
    pass = Collection::Pass.new(collection, lock:, manners: PATIENT.with(pause: 0.001), clock: -> { @now }, progress: Collection::Progress.new,
      component: ScriptedComponent.new({ "a" => 1, "b" => 2 }))
    assert_raises(Collection::Lock::Taken) { pass.run }
    assert_equal [ 1, nil ], [ package("a").total, package("b").total ]
  end

  test "manners can be set within reason" do
    assert_equal({ pause: 1, concurrency: 1, wait: 60, attempts: 3, retry_delay: 2 }, Collection::Manners.towards("github.com").to_h)
    assert_equal({ pause: 0, concurrency: 4, wait: 60, attempts: 3, retry_delay: 0.02 }, Collection::Manners.towards("stand-in").to_h)
    with_environment("STATS_TRACKER_PAUSE" => "0.5", "STATS_TRACKER_CONCURRENCY" => "3") do
      assert_equal [ 0.5, 3 ], Collection::Manners.towards("stand-in").then { |manners| [ manners.pause, manners.concurrency ] }
    end
    with_environment("STATS_TRACKER_PAUSE" => "2.5") { assert_equal 2.5, Collection::Manners.towards("github.com").pause }
    [ %w[PAUSE 0], %w[PAUSE 0.99], %w[CONCURRENCY 2] ].each do |name, value|
      with_environment("STATS_TRACKER_#{name}" => value) do
        assert_match(/#{name} is (a number from )?1.* with this source, not #{value}/, assert_raises(ArgumentError) { Collection::Manners.towards("github.com") }.message)
        assert Collection::Manners.towards("stand-in"), "a stand-in bears it"
      end
    end
    [ %w[PAUSE -1], %w[PAUSE x], %w[PAUSE NaN], %w[CONCURRENCY 0], %w[CONCURRENCY 1000] ].each do |name, value|
      with_environment("STATS_TRACKER_#{name}" => value) do
        assert_raises(ArgumentError) { Collection::Manners.towards("github.com") }
      end
    end
  end

  private
    def collect(component, manners = PATIENT)
      Collection.collect("scripted", source: "stand-in", manners:, clock: -> { @now }, component:)
    end

    def collect_another(**)
      Collection.collect("another", source: "stand-in", manners: PATIENT, clock: -> { @now }, component: ScriptedComponent.new({}, **))
    end

    def numbers(collection)
      [ collection.packages_listed, collection.packages_read, collection.packages_failed, collection.not_asked ]
    end

    # Notes how long a pass would have slept instead of sleeping.
    def with_sleeps(noted)
      original = Collection::Pass.instance_method(:sleep_for)
      Collection::Pass.define_method(:sleep_for) { |seconds| noted << seconds if seconds.positive? }
      yield
    ensure
      Collection::Pass.define_method(:sleep_for, original)
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

    def written_down
      org.failures.order(:id).map { |failure| [ failure.package&.name, failure.kind, failure.about ] }
    end

    def start_over
      org.destroy!
      @now += 1.day
    end
end

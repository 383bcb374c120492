require "test_helper"

# Which organisation is read next, and which package of it.
class RoundTest < ActiveSupport::TestCase
  POLICY = Collection::RequestPolicy.new(pause: 0, concurrency: 1, max_rate_limit_wait: 0, max_attempts: 1, retry_delay: 0)

  # Ends the collector's thread as SIGKILL would: nothing is stored any more.
  class Killed < Exception; end # rubocop:disable Lint/InheritException

  setup { travel_to Time.utc(2026, 5, 11, 12) }

  test "what was not read for longest is next, and what was never read is before it" do
    collect "b"
    travel 1.hour
    collect "a"
    travel 3.hours
    assert_equal %w[d c b a], Turn.of_orgs(%w[d a c b])
    assert_equal %w[d c b a], order(%w[D a c b d]), "names are GitHub's, whose case does not matter"
  end

  test "rounds that are killed at the same point read everything in turn" do
    names = %w[a b c d e]
    # Each round is killed in its third organisation, before anything of it is read.
    read = 5.times.flat_map do
      travel 6.hours
      done = []
      assert_raises(Killed) do
        Round.new(names).each do |name|
          (done.size == 2 ? collect(name, ScriptedComponent.new({}, list: -> { raise Killed })) : collect(name)).tap { done << name }
        end
      end
      done
    end
    assert_equal names * 2, read, "the killed collection is resumed first"
  end

  test "an organisation whose collections are killed three times loses its turn" do
    collect "b"
    3.times do
      travel 1.hour
      assert_equal "a", order(%w[b a]).first
      assert_raises(Killed) { collect("a", ScriptedComponent.new({}, list: -> { raise Killed })) }
    end
    assert_equal %w[b a], Turn.of_orgs(%w[a b])
  end

  test "a round that is tried again leaves out what it has read" do
    collect "a"
    travel 40.minutes
    assert_equal %w[b], Round.new(%w[a b]).due
    collect "b", ScriptedComponent.new({ "p" => Component::Problem.new("rate_limited", "wait", retry_after: 60) })
    assert_equal %w[b], Round.new(%w[a b]).due, "a stopped collection is resumed"
    travel 10.minutes
    assert_equal %w[a b], Round.new(%w[a b]).due
  end

  test "three organisations in a row that were stopped end the round" do
    down = -> { Component::Problem.new("unreachable", "no answer") }
    tried = []
    Round.new(%w[a b c d e f g]).each do |name|
      tried << name
      collect name, ScriptedComponent.new({ "p" => 1 }, list: (down if name != "b"))
    end
    assert_equal %w[a b c d e], tried
  end

  test "an organisation that another collector has is passed over, and is tried again after each of the others" do
    tried = []
    taken = %w[a a a]
    Round.new(%w[a b c d]).each do |name|
      tried << name
      taken.delete_at(taken.index(name)).then { raise Collection::Lock::Taken, name } if taken.include?(name)
    end
    assert_equal %w[a b a c a d a], tried
    tried.clear
    Round.new(%w[a b]).each { |name| (tried << name) && raise(Collection::Lock::Taken, name) }
    assert_equal %w[a b], tried, "others have all that remains"
  end

  test "an organisation that another collector has ends a round by hand, and one that has the database ends any" do
    taken = ->(name = nil) { raise Collection::Lock::Taken, name }
    assert_raises(Collection::Lock::Taken) { Round.by_hand(%w[a b]).each { |name| taken[name] } }
    assert_raises(Collection::Lock::Taken) { Round.new(%w[a b]).each { taken[] } }
  end

  test "what another collector has read since the round began is not read again" do
    round = Round.new(%w[a b c])
    travel 2.hours
    collect "a"
    collect "b", ScriptedComponent.new({ "p" => Component::Problem.new("rate_limited", "wait", retry_after: 60) })
    travel 2.hours
    done = []
    round.each { |name| collect(name, round:).tap { |collection| done << name if collection } }
    assert_equal %w[b c], done
    by_hand = Round.by_hand(%w[a])
    travel 1.minute
    by_hand.each { |name| collect(name, round: by_hand).tap { |collection| done << name if collection } }
    assert_equal %w[b c a], done
  end

  test "packages: first what was never read, then what was not read for longest" do
    org = Org.track("order", source: "stand-in")
    read, older, failed, limited, _never = %w[read older failed limited never].map.with_index { |name, position| org.packages.create!(name:, position:) }
    [ [ read, 2 ], [ older, 9 ], [ failed, 20 ], [ limited, 10 ] ].each { |package, days| package.update!(total: 1, measured_at: days.days.ago) }
    failed.record_failure(Component::Problem.new("markup_changed", "x"), about: "total", at: 1.day.ago)
    limited.record_failure(Component::Problem.new("rate_limited", "x"), about: "total", at: 1.day.ago)
    assert_equal %w[never limited older read failed], Turn.of_packages(org.packages.ordered.to_a).map(&:name),
      "a package that fails has had its turn, unless it was GitHub's"
  end

  test "how long a round takes, and by how much that is too long" do
    round = -> { Round.new(%w[a b c]) }
    assert_equal [ nil, 0, %w[a b c] ], [ round[].seconds, round[].over, round[].never_read ]
    { "a" => 3600 * 3, "b" => 3600 * 5 }.each { |name, seconds| collect(name).update!(seconds:) }
    Org.find_by!(name: "b").collections.create!(state: "stopped", started_at: 1.minute.from_now, seconds: 1)
    assert_equal [ 12 * 3600, 6 * 3600, %w[c] ], [ round[].seconds, round[].over, round[].never_read ]
    with_environment("STATS_TRACKER_COLLECTORS" => "2") { assert_equal [ 6 * 3600, 0 ], [ round[].seconds, round[].over ] }
    %w[0 x 1.5].each { |text| with_environment("STATS_TRACKER_COLLECTORS" => text) { assert_raises(ArgumentError) { Round.collectors } } }
    assert_equal "a round over 3 organisations takes 12.0 hours, 6.0 more than the 6.0 until the next one begins", round[].too_long
    collect "c", ScriptedComponent.new({})
    assert_empty round[].never_read, "an organisation without packages was read"
    with_environment("STATS_TRACKER_ROUND_SECONDS" => "86400") { assert_equal 0, round[].over }
    %w[0 x 1.5].each { |text| with_environment("STATS_TRACKER_ROUND_SECONDS" => text) { assert_raises(ArgumentError) { Round.limit } } }
  end

  private
    def collect(name, component = ScriptedComponent.new({ "p" => 1 }, now: Time.current), round: nil)
      Collection.collect(name, source: "stand-in", policy: POLICY, component:, round:)
    end

    def order(names)
      [].tap { |order| Round.new(names).each { |name| order << name && nil } }
    end
end

require "test_helper"

class Collection::ProgressTest < ActiveSupport::TestCase
  test "for the launcher: a line of JSON for each event" do
    out = StringIO.new
    component = ScriptedComponent.new({ "a" => 5, "b" => Component::Problem.new("not_found", "gone\nfor good") })
    now = Time.utc(2026, 5, 11, 12)
    Collection.collect("scripted", source: "stand-in", policy: Collection::RequestPolicy.new(0, 1, 0, 1, 0), clock: -> { now },
      component:, progress: Collection::Progress::Lines.new(out))
    events = out.string.lines.map { |line| JSON.parse(line) }
    assert_equal [
      { "event" => "started", "org" => "scripted", "resumed" => false },
      { "event" => "listed", "packages" => 2, "left" => 2 },
      { "event" => "package", "name" => "a", "total" => 5 },
      { "event" => "package", "name" => "b", "kind" => "not_found", "detail" => "gone for good" },
      { "event" => "ended", "org" => "scripted", "state" => "finished", "reason" => nil, "detail" => nil, "retry_at" => nil,
        "started_at" => "2026-05-11T12:00:00Z", "listed" => 2, "read" => 1, "failed" => 1, "resting" => 0, "not_asked" => 0, "total" => 5 }
    ], events.map { |event| event.except("seconds") }
  end

  test "for the launcher: whole seconds where something is waited for, and thousandths at the end" do
    out = StringIO.new
    lines = Collection::Progress::Lines.new(out)
    lines.waiting(Component::Problem.new("rate_limited", "slow"), 1.2)
    lines.database_unavailable("locked", 0.5)
    org = Org.track("scripted", source: "stand-in")
    lines.ended(org.collections.create!(state: "finished", started_at: Time.utc(2026, 5, 11, 12), seconds: 1.23456))
    assert_equal [ [ "waiting", 2 ], [ "waiting", 1 ], [ "ended", 1.235 ] ], out.string.lines.map { |line| JSON.parse(line).values_at("event", "seconds") }
  end

  test "for the launcher: a package without its versions has a total and a versions event" do
    out = StringIO.new
    component = ScriptedComponent.new({ "a" => 5 }, versions: { "a" => Component::Problem.new("not_found", "nothing there") })
    Collection.collect("scripted", source: "stand-in", policy: Collection::RequestPolicy.new(0, 1, 0, 1, 0), component:,
      progress: Collection::Progress::Lines.new(out))
    assert_equal [ { "event" => "package", "name" => "a", "total" => 5 },
      { "event" => "versions", "name" => "a", "kind" => "not_found", "detail" => "nothing there" } ],
      out.string.lines.map { |line| JSON.parse(line) }.slice(2, 2)
  end

  test "for the launcher: why a collection was refused, and when the next one may begin" do
    now = Time.utc(2026, 5, 11, 12)
    collect = lambda do |out|
      Collection.collect("scripted", source: "stand-in", policy: Collection::RequestPolicy.new(0, 1, 0, 1, 0), clock: -> { now },
        component: ScriptedComponent.new({ "a" => Component::Problem.new("rate_limited", "wait", retry_after: 1800) }),
        progress: Collection::Progress::Lines.new(out))
    end
    collect.call(StringIO.new)
    now += 60
    out = StringIO.new.tap { |again| assert_raises(Collection::TooEarly) { collect.call(again) } }
    assert_equal({ "event" => "ended", "org" => "scripted", "state" => "refused", "reason" => "too_early",
      "detail" => "GitHub asked to be left alone until 2026-05-11T12:30:00Z", "retry_at" => "2026-05-11T12:30:00Z" }, JSON.parse(out.string))
  end

  test "an output that can't be written ends no collection" do
    reader, writer = IO.pipe
    reader.close
    [ writer, File.open("/dev/full", "w"), File.open(File::NULL).tap(&:close) ].each do |gone|
      [ Collection::Progress::Lines.new(gone), Collection::Progress::Terminal.new(gone) ].each do |progress|
        capture_io do
          $stdout = $stderr = gone
          collection = Collection.collect("scripted", source: "stand-in", policy: Collection::RequestPolicy.new(0, 1, 0, 1, 0),
            component: ScriptedComponent.new({ "a" => 5, "b" => Component::Problem.new("not_found", "gone") }), progress:)
          assert_predicate collection, :finished?
        end
      end
    end
  end

  test "for people: the failures, and one line at the end" do
    component = ScriptedComponent.new({ "a" => 5, "b" => Component::Problem.new("not_found", "gone") })
    out, error = capture_io do
      Collection.collect("scripted", source: "stand-in", policy: Collection::RequestPolicy.new(0, 1, 0, 1, 0), component:,
        progress: Collection::Progress.for(nil))
    end
    assert_equal [ "scripted: 1 of 2 packages read, 1 failed, 5 downloads (stand-in: invented)\n", "b: gone (not_found)\n" ], [ out, error ]
  end

  test "an unknown format" do
    assert_raises(ArgumentError) { Collection::Progress.for("xml") }
  end
end

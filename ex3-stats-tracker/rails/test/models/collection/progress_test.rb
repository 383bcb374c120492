require "test_helper"

class Collection::ProgressTest < ActiveSupport::TestCase
  test "for the launcher: a line of JSON for each event" do
    out = StringIO.new
    component = ScriptedComponent.new({ "a" => 5, "b" => Component::Problem.new("not_found", "gone\nfor good") })
    now = Time.utc(2026, 5, 11, 12)
    Collection.collect("scripted", source: "stand-in", manners: Collection::Manners.new(0, 1, 0, 1, 0), clock: -> { now },
      component:, progress: Collection::Progress::Lines.new(out))
    events = out.string.lines.map { |line| JSON.parse(line) }
    assert_equal [
      { "event" => "started", "org" => "scripted", "resumed" => false },
      { "event" => "listed", "packages" => 2, "left" => 2 },
      { "event" => "package", "name" => "a", "total" => 5 },
      { "event" => "package", "name" => "b", "kind" => "not_found", "detail" => "gone for good" },
      { "event" => "ended", "org" => "scripted", "state" => "finished", "reason" => nil, "detail" => nil, "retry_at" => nil,
        "read" => 1, "failed" => 1, "total" => 5 }
    ], events.map { |event| event.except("seconds") }
  end

  test "for people: what failed, and one line at the end" do
    component = ScriptedComponent.new({ "a" => 5, "b" => Component::Problem.new("not_found", "gone") })
    out, error = capture_io do
      Collection.collect("scripted", source: "stand-in", manners: Collection::Manners.new(0, 1, 0, 1, 0), component:,
        progress: Collection::Progress.for(nil))
    end
    assert_equal [ "scripted: 1 of 2 packages read, 1 failed, 5 downloads (stand-in: invented)\n", "b: gone (not_found)\n" ], [ out, error ]
  end

  test "a word that is none" do
    assert_raises(ArgumentError) { Collection::Progress.for("xml") }
  end
end

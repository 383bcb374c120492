require "test_helper"
require "rake"

# The tasks' exit codes and output.
class StatsTest < ActiveSupport::TestCase
  setup do
    Rails.application.load_tasks unless Rake::Task.task_defined?("stats:collect")
    @component = ScriptedComponent.new({ "a" => 5 })
  end

  test "0 where everything was read" do
    assert_equal [ 0, "scripted: 1 of 1 packages read, 5 downloads (stand-in: invented)\n", "" ], run_task("stats:collect", "scripted")
  end

  test "69 where the collection was stopped, 65 where it finished with failures" do
    @component = ScriptedComponent.new({ "a" => Component::Problem.new("rate_limited", "wait", retry_after: 1800) })
    code, out, = run_task("stats:collect", "scripted")
    assert_equal 69, code
    assert_match(/stopped \(rate_limited\), to be resumed after \d{4}-/, out)
    code, _, error = run_task("stats:collect", "scripted")
    assert_equal 69, code
    assert_match(/GitHub asked to be left alone until/, error)

    travel 31.minutes
    @component = ScriptedComponent.new({ "a" => Component::Problem.new("markup_changed", "changed") })
    assert_equal 65, run_task("stats:collect", "other").first
    @component = ScriptedComponent.new({}, list: -> { Component::Problem.new("not_found", "nobody") })
    assert_equal [ 65, "" ], run_task("stats:collect", "nobody").first(2)
  end

  test "one unreachable package does not stop the collection, which is finished" do
    @component = ScriptedComponent.new({ "a" => 5, "b" => Component::Problem.new("unreachable", "status 503") })
    code, out, error = run_task("stats:collect", "scripted")
    assert_equal [ 65, "scripted: 1 of 2 packages read, 1 failed, 5 downloads (stand-in: invented)\n", "b: status 503 (unreachable)\n" ], [ code, out, error ]
    assert_predicate Collection.last, :finished?
  end

  test "one measurement of each old day is kept" do
    package = packages(:flagger)
    [ 8, 9, 10 ].each { |hour| Package.record({ package => Component::Contract::Reading.new(total: hour, daily: {}, measured_at: Time.utc(2025, 1, 1, hour)) }) }
    assert_equal [ 0, "2 measurements of 365 days ago or longer would be deleted\n", "" ], run_task("stats:thin", "365", "dry-run")
    assert_equal [ 0, "2 measurements of 365 days ago or longer were deleted\n", "" ], run_task("stats:thin", "365")
    assert_equal [ 10 ], package.measurements.where(at: ...Time.utc(2025, 1, 2)).pluck(:total)
    assert_equal [ 0, "0 measurements of 365 days ago or longer were deleted\n", "" ], run_task("stats:thin", "365")
    { [] => /say for how many days/, %w[many] => /say for how many days/, %w[59] => /60 days or more/, %w[365 now] => /now is no mode/ }.each do |arguments, message|
      code, out, error = run_task("stats:thin", *arguments)
      assert_equal [ 64, "" ], [ code, out ], arguments
      assert_match message, error
    end
  end

  test "69 where the database stays unavailable" do
    stub(Collection::Lock, :hold, -> { raise Database::Unavailable, "the database: locked: try again in a while" }) do
      assert_equal [ 69, "", "the database: locked: try again in a while\n" ], run_task("stats:collect", "scripted")
    end
  end

  test "every organisation of STATS_TRACKER_ORGS is read, and the worst exit code counts" do
    with_environment("STATS_TRACKER_ORGS" => "one  two") do
      assert_equal [ 0, "one: 1 of 1 packages read, 5 downloads (stand-in: invented)\ntwo: 1 of 1 packages read, 5 downloads (stand-in: invented)\n" ], run_task("stats:collect").first(2)
    end
  end

  test "a round leaves out what was just read, and says how long a round takes" do
    with_environment("STATS_TRACKER_ORGS" => "one two", "STATS_TRACKER_PROGRESS" => "json") do
      assert_equal [ { "event" => "round", "organisations" => 2, "due" => 2, "never_read" => 2, "seconds" => nil, "limit" => 21_600, "over" => 0 } ], rounds
      Collection.update_all(seconds: 4 * 3600)
      travel 45.minutes
      assert_equal [ { "event" => "round", "organisations" => 2, "due" => 0, "never_read" => 0, "seconds" => 28_800, "limit" => 21_600, "over" => 7_200 } ], rounds
      assert_equal 2, Collection.count { |collection| collection.org.name.in? %w[one two] }
    end
    travel 6.minutes
    with_environment("STATS_TRACKER_ORGS" => "one two") do
      assert_equal [ 0, "a round over 2 organisations takes 8.0 hours, 2.0 more than the 6.0 until the next one begins\n" ], run_task("stats:collect").values_at(0, 2)
    end
    travel 1.second
    assert_match(/\Aone: 1 of 1/, run_task("stats:collect", "one")[1], "an organisation that is named is read at any time")
  end

  test "a rate limit ends the round, and a retry is worth it though another organisation has failed" do
    @component = ScriptedComponent.new({ "a" => Component::Problem.new("markup_changed", "changed") })
    with_environment("STATS_TRACKER_ORGS" => "one two three") do
      stub(Collection, :collect, -> { raise Collection::TooEarly, 1.hour.from_now }) { assert_equal 69, run_task("stats:collect").first }
      assert_equal 65, run_task("stats:collect").first
      travel 4.hours
      @component = ScriptedComponent.new({ "a" => Component::Problem.new("rate_limited", "wait", retry_after: 1800) })
      assert_equal 69, run_task("stats:collect").first
      assert_equal %w[one], @component.requests.count("list") == 1 ? Collection.unfinished.map { |collection| collection.org.name } : []
    end
  end

  test "64 for wrong arguments and settings" do
    with_environment("STATS_TRACKER_ORGS" => "") { assert_equal 64, run_task("stats:collect").first }
    assert_equal 64, run_task("stats:collect", "-x").first
    with_environment("STATS_TRACKER_SOURCE" => "gitlab.com") { assert_equal 64, run_task("stats:collect", "scripted").first }
    with_environment("STATS_TRACKER_PAUSE" => "soon") { assert_equal 64, run_task("stats:collect", "scripted").first }
    with_environment("STATS_TRACKER_STAND_IN_URL" => "") { assert_equal 64, run_task("stats:play", "scripted").first }
    assert_equal 64, run_task("stats:play", "scripted", "many").first
    assert_equal 64, run_task("stats:play").first
  end

  test "notifications after a collection, whose exit code is its own" do
    receiver = WebhookReceiver.new { |_, response| response.status = 500 }
    with_environment("STATS_TRACKER_SLACK_WEBHOOK_URL" => receiver.url) do
      assert_equal [ 0, "" ], run_task("stats:collect", "scripted").values_at(0, 2)
      travel 1.hour
      @component = ScriptedComponent.new({ "a" => 3 }, now: Time.current)
      code, _, error = stub(Notification::Delivery, :pause, -> { travel 1.minute }) { run_task("stats:collect", "scripted") }
      assert_equal [ 0, 2 ], [ code, receiver.received.size ]
      assert_match(/\A(the notification for slack was not accepted: status 500 \(again at .*\)\n){2}\z/, error)
      assert_equal "scripted: a total fell (stand-in: invented)\n- a: from 5 to 3", receiver.received.first.json["text"]
    end
    assert_equal [ 0, "" ], run_task("stats:collect", "scripted").values_at(0, 2)
  ensure
    receiver&.stop
  end

  test "75 while another collection is running" do
    stub(Collection::Lock, :hold, -> { raise Collection::Lock::Taken }) do
      assert_equal [ 75, "", "another collection is running\n" ], run_task("stats:collect", "scripted")
    end
  end

  test "an import and an export" do
    travel_to Time.utc(2026, 5, 11, 12)
    Dir.mktmpdir do |directory|
      path = "#{directory}/history.csv"
      File.write(path, "date,package,total\n2026-05-01,flagger,5\n")
      assert_equal [ 0, "fluxcd: 1 row: 1 to add (stand-in: invented); nothing was stored\n", "" ], run_task("stats:import", "fluxcd", path, "dry-run")
      assert_equal [ 0, "fluxcd: 1 row: 1 to add (stand-in: invented)\n", "" ], run_task("stats:import", "FluxCD", path)
      assert_equal [ 0, "fluxcd: 5 rows in #{directory}/export.csv (stand-in: invented)\n", "" ], run_task("stats:export", "fluxcd", "#{directory}/export.csv")
      assert_equal "2026-05-01,flagger,5,stand-in,true\n", File.readlines("#{directory}/export.csv").grep(/flagger,5/).join
      File.write(path, "date,package,total\n2026-05-01,flagger,x\n")
      assert_equal [ 65, "", "line 2: \"x\" is no total: digits alone; a row without one is left out\nnothing was imported\n" ], run_task("stats:import", "fluxcd", path)
      [ [ 66, "fluxcd", "#{directory}/missing.csv" ], [ 66, "fluxcd", directory ], [ 64, "nobody", path ], [ 64, "fluxcd" ], [ 64 ], [ 64, "fluxcd", path, "now" ] ]
        .each { |code, *arguments| assert_equal code, run_task("stats:import", *arguments).first, arguments }
      [ [ 64, "nobody", path ], [ 64, "fluxcd" ], [ 64, "fluxcd", "#{directory}/missing/export.csv" ] ]
        .each { |code, *arguments| assert_equal code, run_task("stats:export", *arguments).first, arguments }
    end
  end

  private
    # The events of a round.
    def rounds
      run_task("stats:collect")[1].lines.map { |line| JSON.parse(line) }.select { |event| event["event"] == "round" }
    end

    # [exit code, stdout, stderr]
    def run_task(name, *arguments)
      code = 0
      out, error = capture_io do
        with_environment({ "STATS_TRACKER_SOURCE" => "stand-in", "STATS_TRACKER_PROGRESS" => "" }.merge(ENV.to_h.slice("STATS_TRACKER_SOURCE", "STATS_TRACKER_PROGRESS"))) do
          stub(Component, :new, -> { @component }) { Rake::Task[name].tap(&:reenable).invoke(*arguments) }
        end
      rescue SystemExit => exit
        code = exit.status
      end
      [ code, out, error ]
    end

    def stub(object, name, replacement)
      original = object.method(name)
      object.define_singleton_method(name) { |*, **, &block| replacement.call(&block) }
      yield
    ensure
      object.define_singleton_method(name, original)
    end
end

require "test_helper"

# The pause between two requests to GitHub, which all collectors on a PostgreSQL database share.
class Collection::RateLimiterTest < ActiveSupport::TestCase
  include Processes

  # Other processes see only committed rows.
  self.use_transactional_tests = false

  Contract = Component::Contract
  POLICY = Collection::RequestPolicy.new(pause: 0.05, concurrency: 1, max_rate_limit_wait: 60, max_attempts: 1, retry_delay: 0)
  SOURCE = "stand-in"

  teardown { request_times("DELETE FROM request_times") }

  test "nothing is shared on SQLite, without a pause, and with several requests at a time" do
    assert_equal Database.postgresql?, limiter.present?
    assert_nil limiter(POLICY.with(pause: 0))
    assert_nil limiter(POLICY.with(concurrency: 2))
  end

  test "the pages of an answer" do
    versions = ->(number) { Array.new(number) { |id| Contract::TaggedVersion.new(id:, tags: [], total: 1) } }
    assert_equal [ 1, 1, 2, 1, 1, 2 ], [ *[ 0, 30, 31 ].map { |number| list(number) }, *[ 0, 50, 51 ].map(&versions) ].map { |answer| Collection::RateLimiter.pages(answer) }
    assert_equal 1, Collection::RateLimiter.pages(Contract::Reading.new(total: 1, daily: {}, measured_at: Time.current))
  end

  test "a request costs a pause after its answer, and one from its beginning for each of its pages" do
    on_postgresql do
      policy = POLICY.with(pause: 1000)
      assert_in_delta 1000, left_after(policy) { :an_answer }, 100
      assert_in_delta 3000, left_after(policy) { list(90) }, 100
      assert_in_delta 1000, left_after(policy) { list(90).tap { pretend_that_the_request_began_ago 5000 } }, 100
      assert_in_delta 1000, left_after(policy) { raise "an error" }, 100
      assert_in_delta 1000, left_after(policy) { raise Component::Problem.new("unreachable", "no answer") }, 100
    end
  end

  test "after Retry-After no collector makes a request" do
    on_postgresql do
      assert_in_delta 50, left_after { raise Component::Problem.new("rate_limited", "wait", retry_after: 50) }, 10
      assert_in_delta 60, left_after { raise Component::Problem.new("rate_limited", "wait", retry_after: 1800) }, 10,
        "the collection stops, and stores the longer time"
      org = Org.track("limited", source: SOURCE)
      org.collections.create!(state: "stopped", started_at: 1.minute.ago, retry_at: 29.minutes.from_now)
      problem = assert_raises(Component::Problem) { limiter.request { flunk } }
      assert_predicate problem, :rate_limited?
      assert_in_delta 29 * 60, problem.retry_after, 10
      org.collections.update_all(retry_at: 1.minute.ago)
      request_times "DELETE FROM request_times"
      assert_equal :an_answer, limiter.request { :an_answer }
    ensure
      org&.destroy
    end
  end

  test "a request, and also one that fails, leaves the session with its other locks" do
    on_postgresql do
      Collection::Lock.hold("fluxcd") do
        before = session_and_its_locks
        assert_equal 1, before.last
        limiter.request { :an_answer }
        assert_raises(RuntimeError) { limiter.request { raise "an error" } }
        assert_equal before, session_and_its_locks
      end
    end
  end

  test "a collector that is killed keeps nobody waiting, and the pause after its request is kept" do
    on_postgresql do
      holder = process do |output|
        limiter(POLICY.with(pause: 1000)).request do
          output.puts "asks"
          sleep
        end
      end
      assert_equal "asks", holder.output.gets.chomp
      waiting = Thread.new { limiter.request { flunk } }
      sleep 0.05 until waiting.status == "sleep"
      waiting.kill.join
      holder.kill
      assert_in_delta 1000, left, 100
      request_times "DELETE FROM request_times"
      held = Thread::Queue.new
      holding = Thread.new { limiter.request { held.push(true) && sleep } }
      held.pop
      holding.kill.join
      assert 200.times.any? { advisory_locks.zero? || (sleep(0.05) && false) }, "a session keeps the lock of a thread that has ended"
      assert_equal :an_answer, limiter.request { :an_answer }
    end
  end

  private
    def limiter(policy = POLICY)
      Collection::RateLimiter.for(SOURCE, policy, clock: -> { Time.current })
    end

    def list(number)
      Contract::List.new(packages: Array.new(number) { |name| Contract::ListedPackage.new(name: "p#{name}", repository: nil) }, owner: nil)
    end

    def advisory_locks
      ActiveRecord::Base.with_connection { |connection| connection.select_value("SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") }
    end

    def session_and_its_locks
      ActiveRecord::Base.lease_connection.select_rows("SELECT pg_backend_pid(), COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()").first
    end

    # The seconds until the next request, after this one.
    def left_after(policy = POLICY, &)
      request_times "DELETE FROM request_times"
      limiter(policy).request(&)
      left
    rescue StandardError
      left
    end

    def left
      ActiveRecord::Base.with_connection { |connection| Collection::RateLimiter::Slot.new(connection, SOURCE).seconds_left }
    end

    def pretend_that_the_request_began_ago(seconds)
      request_times "UPDATE request_times SET next_at = next_at - make_interval(secs => #{seconds})"
    end

    def request_times(sql)
      ActiveRecord::Base.connection_pool.with_connection { |connection| connection.execute(sql) }
    end
end

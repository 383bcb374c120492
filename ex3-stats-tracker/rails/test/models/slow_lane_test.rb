require "test_helper"

class SlowLaneTest < ActiveSupport::TestCase
  test "one thread at a time, with the lowest priority" do
    lane, inside, most, priorities = SlowLane.new(places: 4), 0, 0, []
    threads = Array.new(4) do
      Thread.new do
        lane.enter do
          most = [ most, inside += 1 ].max
          priorities << Thread.current.priority
          sleep 0.01
          inside -= 1
        end
        priorities << Thread.current.priority
      end
    end
    threads.each(&:join)
    assert_equal [ 1, { -3 => 4, 0 => 4 } ], [ most, priorities.tally ]
  end

  test "each pauses for three times the computing time of the one before" do
    lane, computed, ended, begun = SlowLane.new(places: 2), nil, nil, nil
    lane.enter do
      began = cpu
      nil while cpu - began < 0.02
      computed, ended = cpu - began, now
    end
    lane.enter { begun = now }
    assert_operator begun - ended, :>=, computed * 3
  end

  test "a thread without a place is told at once, and a place is free again after an error" do
    lane = SlowLane.new(places: 1)
    assert_raises(ZeroDivisionError) { lane.enter { 1 / 0 } }
    inner = nil
    assert lane.enter { inner = lane.enter { flunk } }
    assert_equal false, inner
    assert lane.enter { inner = true }
    assert_equal [ true, 0 ], [ inner, Thread.current.priority ]
  end

  private
    def cpu
      Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
end

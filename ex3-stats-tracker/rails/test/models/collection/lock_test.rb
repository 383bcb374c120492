require "test_helper"

# At most one collection at a time, also with several processes, and also when one of them is killed.
class Collection::LockTest < ActiveSupport::TestCase
  include Processes

  # Other processes see only committed rows.
  self.use_transactional_tests = false

  test "one process holds the lock, and after it was killed another can take it" do
    holder = process do |output|
      Collection::Lock.hold do
        output.puts "held"
        sleep
      end
    end
    assert_equal "held", holder.output.gets.chomp
    assert_raises(Collection::Lock::Taken) { Collection::Lock.hold { flunk } }
    holder.kill
    # PostgreSQL notices within moments that its client is gone.
    assert eventually { Collection::Lock.hold { true } }
  end

  test "an error releases the lock" do
    assert_raises(RuntimeError) { Collection::Lock.hold { raise "an error" } }
    assert Collection::Lock.hold { true }
  end

  test "a lost connection loses the lock" do
    skip_unless_postgresql do
      Collection::Lock.hold do |lock|
        assert lock.held?
        ActiveRecord::Base.lease_connection.reconnect!
        holder = process do |output|
          Collection::Lock.hold do
            output.puts "held"
            sleep
          end
        end
        assert_equal "held", holder.output.gets.chomp
        assert_not lock.held?
        holder.kill
      end
    end
  end

  private
    # SQLite has no connection that could be lost.
    def skip_unless_postgresql
      ActiveRecord::Base.lease_connection.adapter_name == "PostgreSQL" ? yield : pass
    end

    def eventually
      200.times do
        return yield
      rescue Collection::Lock::Taken
        sleep 0.05
      end
      false
    end
end

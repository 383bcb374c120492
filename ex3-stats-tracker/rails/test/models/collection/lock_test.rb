require "test_helper"

# One collection at a time, also when another process holds the lock, and however that ends.
class Collection::LockTest < ActiveSupport::TestCase
  include Processes

  # Processes of their own see only what is committed.
  self.use_transactional_tests = false

  test "while one process collects no other does, and after it was killed another may" do
    holder = process do |said|
      Collection::Lock.hold do
        said.puts "held"
        sleep
      end
    end
    assert_equal "held", holder.said.gets.chomp
    assert_raises(Collection::Lock::Taken) { Collection::Lock.hold { flunk } }
    holder.kill
    # The server of a database notices within moments that its client is gone.
    assert eventually { Collection::Lock.hold { true } }
  end

  test "it is free again after an error" do
    assert_raises(RuntimeError) { Collection::Lock.hold { raise "an error" } }
    assert Collection::Lock.hold { true }
  end

  test "a connection that was lost lost the lock" do
    skip_unless_postgresql do
      Collection::Lock.hold do |lock|
        assert lock.held?
        ActiveRecord::Base.connection.reconnect!
        holder = process do |said|
          Collection::Lock.hold do
            said.puts "held"
            sleep
          end
        end
        assert_equal "held", holder.said.gets.chomp
        assert_not lock.held?
        holder.kill
      end
    end
  end

  private
    # SQLite has no connection to lose: there is nothing to test then.
    def skip_unless_postgresql
      ActiveRecord::Base.connection.adapter_name == "PostgreSQL" ? yield : pass
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

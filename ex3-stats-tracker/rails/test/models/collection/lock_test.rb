require "test_helper"

# At most one collection of an organisation at a time, also with several processes, and also when one of them is killed.
class Collection::LockTest < ActiveSupport::TestCase
  include Processes

  # Other processes see only committed rows.
  self.use_transactional_tests = false

  test "one process holds the lock, and after it was killed another can take it" do
    holder = lock_holder("fluxcd")
    assert_raises(Collection::Lock::Taken) { Collection::Lock.hold("fluxcd") { flunk } }
    holder.kill
    # PostgreSQL notices within moments that its client is gone.
    assert eventually { Collection::Lock.hold("fluxcd") { true } }
  end

  test "another organisation's collection runs at the same time on PostgreSQL, and none does on SQLite" do
    holder = lock_holder("FluxCD")
    error = assert_raises(Collection::Lock::Taken) { Collection::Lock.hold("fluxcd") { flunk } }
    if Database.postgresql?
      assert_equal [ "fluxcd", "another collection of fluxcd is running" ], [ error.org, error.message ]
      assert Collection::Lock.hold("kedacore") { true }
    else
      assert_equal [ nil, "another collection is running" ], [ error.org, error.message ]
      assert_raises(Collection::Lock::Taken) { Collection::Lock.hold("kedacore") { flunk } }
    end
  ensure
    holder&.kill
  end

  test "an error releases the lock" do
    assert_raises(RuntimeError) { Collection::Lock.hold("fluxcd") { raise "an error" } }
    assert Collection::Lock.hold("fluxcd") { true }
  end

  test "a lost connection loses the lock" do
    on_postgresql do
      Collection::Lock.hold("fluxcd") do |lock|
        assert lock.held?
        ActiveRecord::Base.lease_connection.reconnect!
        holder = lock_holder("fluxcd")
        assert_not lock.held?
        holder.kill
      end
    end
  end

  private
    def eventually
      200.times do
        return yield
      rescue Collection::Lock::Taken
        sleep 0.05
      end
      false
    end
end

# One collection at a time, of whatever organisation: two would be twice as fast as GitHub is asked to be read, and
# would write over each other. The lock is held by the system for a process, and free the moment that ends, however it
# ends.
module Collection::Lock
  class Taken < StandardError
    def message
      "another collection is running"
    end
  end

  # Any number that no other program on the database uses: "stat" in ASCII.
  KEY = 0x73746174

  # Runs the block while nobody else collects into this database; raises Taken where somebody does.
  def self.hold(&block)
    ActiveRecord::Base.connection.adapter_name == "PostgreSQL" ? Advisory.hold(&block) : Flock.hold(&block)
  end

  # A lock of PostgreSQL's, which belongs to the session.
  class Advisory
    def self.hold
      lock = new
      lock.take or raise Collection::Lock::Taken
      yield lock
    ensure
      lock&.release
    end

    # Called within every transaction: a connection that was lost and silently made anew no longer holds the lock, and
    # somebody else may. Taking it again costs nothing.
    def take
      ActiveRecord::Base.uncached { connection.select_value("SELECT pg_try_advisory_lock(#{KEY})") }
    end
    alias_method :held?, :take

    def release
      connection.execute("SELECT pg_advisory_unlock_all()")
    rescue ActiveRecord::ActiveRecordError
      # Without a connection there is no lock.
    end

    private
      def connection
        ActiveRecord::Base.connection
      end
  end

  # A lock on a file beside SQLite's.
  class Flock
    def self.hold
      path = ActiveRecord::Base.connection_db_config.database
      File.open("#{File.expand_path(path, Rails.root)}.collecting", File::RDWR | File::CREAT, 0o600) do |file|
        file.flock(File::LOCK_EX | File::LOCK_NB) or raise Collection::Lock::Taken
        yield new
      end
    end

    def held?
      true
    end
  end
end

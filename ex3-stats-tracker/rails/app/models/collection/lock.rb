# At most one collection at a time, of any organisation: two would double the rate of requests to GitHub and overwrite
# each other's rows. The operating system or PostgreSQL releases the lock when the process ends, also when it is killed.
module Collection::Lock
  class Taken < StandardError
    def message
      "another collection is running"
    end
  end

  # "stat" in ASCII. Any number does that no other program on the database uses.
  KEY = 0x73746174

  # Runs the block while this process holds the lock; raises Taken where another process holds it. +on_retry+ is that of
  # Database.with_retries.
  def self.hold(on_retry: nil, &)
    kind = ActiveRecord::Base.connection_db_config.adapter == "postgresql" ? Advisory : Flock
    kind.hold(on_retry, &)
  end

  # A session-level advisory lock of PostgreSQL.
  class Advisory
    def self.hold(on_retry)
      lock = new
      Database.with_retries(on_retry:) { lock.take } or raise Collection::Lock::Taken
      yield lock
    ensure
      lock&.release
    end

    # Called in every transaction: after a silent reconnection the session no longer holds the lock, and another process
    # may. A session may take the lock again as often as it likes.
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
        ActiveRecord::Base.lease_connection
      end
  end

  # flock on a file beside SQLite's database.
  class Flock
    def self.hold(on_retry)
      path = File.expand_path(ActiveRecord::Base.connection_db_config.database, Rails.root)
      file = Database.with_retries(on_retry:) { open_beside(path) }
      file.flock(File::LOCK_EX | File::LOCK_NB) or raise Collection::Lock::Taken
      yield new
    ensure
      file&.close
    end

    def self.open_beside(path)
      File.open("#{path}.collecting", File::RDWR | File::CREAT, 0o600)
    rescue Errno::EACCES, Errno::EPERM, Errno::EROFS, Errno::ENOENT, Errno::ENOTDIR, Errno::EISDIR
      # SQLite's own message for the database file.
      raise ActiveRecord::ConnectionNotEstablished, "unable to open database file"
    end
    private_class_method :open_beside

    def held?
      true
    end
  end
end

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

  # Runs the block while nobody else collects into this database; raises Taken where somebody does. +retrying+ is told
  # where the database fails meanwhile by what passes, as by Database.patiently.
  def self.hold(retrying: nil, &)
    kind = ActiveRecord::Base.connection_db_config.adapter == "postgresql" ? Advisory : Flock
    kind.hold(retrying, &)
  end

  # A lock of PostgreSQL's, which belongs to the session.
  class Advisory
    def self.hold(retrying)
      lock = new
      Database.patiently(retrying:) { lock.take } or raise Collection::Lock::Taken
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
    def self.hold(retrying)
      path = File.expand_path(ActiveRecord::Base.connection_db_config.database, Rails.root)
      file = Database.patiently(retrying:) { open_beside(path) }
      file.flock(File::LOCK_EX | File::LOCK_NB) or raise Collection::Lock::Taken
      yield new
    ensure
      file&.close
    end

    def self.open_beside(path)
      File.open("#{path}.collecting", File::RDWR | File::CREAT, 0o600)
    rescue Errno::EACCES, Errno::EPERM, Errno::EROFS, Errno::ENOENT, Errno::ENOTDIR, Errno::EISDIR
      # As SQLite says of the file itself.
      raise ActiveRecord::ConnectionNotEstablished, "unable to open database file"
    end
    private_class_method :open_beside

    def held?
      true
    end
  end
end

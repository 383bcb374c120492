# At most one collection of an organisation at a time: two would overwrite each other's rows. With PostgreSQL several
# collectors run at the same time, each with an organisation that no other one has. SQLite has one writer at a time, and so
# one collector.
#
# The operating system or PostgreSQL releases the lock when the process ends, also when it is killed.
module Collection::Lock
  # +org+: the name of the organisation that another process collects; nil where that process excludes all others.
  class Taken < StandardError
    attr_reader :org

    def initialize(org = nil)
      @org = org
      super(org ? "another collection of #{org} is running" : "another collection is running")
    end
  end

  # "stat" in ASCII. Any number does that no other program on the database uses.
  KEY = 0x73746174

  # Runs the block while this process holds the organisation's lock; raises Taken where another process holds it.
  # +on_retry+ is that of Database.with_retries.
  def self.hold(org, on_retry: nil, &)
    Database.postgresql? ? Advisory.hold(org.downcase, on_retry, &) : Flock.hold(on_retry, &)
  end

  # The key of an advisory lock by that name, in SQL. No organisation's name has a space.
  def self.key(name, connection)
    "hashtextextended(#{connection.quote(name)}, #{KEY})"
  end

  # A session-level advisory lock of PostgreSQL.
  class Advisory
    def self.hold(org, on_retry)
      lock = new(org)
      Database.with_retries(on_retry:) { lock.take } or raise Collection::Lock::Taken, org
      yield lock
    ensure
      lock&.release
    end

    def initialize(org)
      @org = org
    end

    # Called in every transaction: after a silent reconnection the session no longer holds the lock, and another process
    # may. A session may take the lock again as often as it likes.
    def take
      ActiveRecord::Base.uncached { connection.select_value("SELECT pg_try_advisory_lock(#{Collection::Lock.key(@org, connection)})") }
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

# What the database may fail by, in words, and for how long that is borne.
module Database
  # It stayed away longer than anybody waits.
  class Unavailable < StandardError; end

  # Seconds between one attempt and the next, longer each time: two minutes in all, beside the ten seconds for which
  # SQLite itself waits for another writer. What a program that locks the file or a disk that is full takes longer for
  # is for the next run.
  WAITS = [ 0.5, 1, 2, 4, 8, 15, 30, 30, 30 ].freeze

  # What passes by itself: another program's lock, a disk that is full, a server that is starting again.
  TEMPORARY = {
    sqlite: %w[SQLite3::BusyException SQLite3::LockedException SQLite3::FullException SQLite3::IOException
      SQLite3::ProtocolException],
    postgresql: %w[PG::DiskFull PG::OutOfMemory PG::TooManyConnections PG::LockNotAvailable PG::TRDeadlockDetected
      PG::TRSerializationFailure PG::ObjectInUse PG::AdminShutdown PG::CrashShutdown PG::CannotConnectNow
      PG::UnableToSend PG::ConnectionBad PG::IoError PG::QueryCanceled PG::ReadOnlySqlTransaction]
  }.values.flatten.to_set.freeze
  TEMPORARY_CALLS = [ Errno::ENOSPC, Errno::EDQUOT, Errno::EINTR, Errno::EAGAIN, Errno::EIO ].freeze

  # By what its users set wrong, and what is not there: patterns of PostgreSQL's and SQLite's own words, exit codes, and
  # the next step. A server says them when it refuses a connection, without a code that Ruby is told.
  REFUSALS = [
    [ /password authentication failed|no password supplied|role ".*" does not exist|no pg_hba\.conf entry/, 64,
      "set the right user and password in DATABASE_URL" ],
    [ /could not translate host name|invalid port|invalid connection option|invalid URI/, 64,
      "correct the address in DATABASE_URL" ],
    [ /permission denied|attempt to write a readonly database/, 64,
      "give its user the rights that README.md lists under \"Users of the database\", or the file to the user who runs this" ],
    [ /unable to open database file|Database not found/, 64, "the directory has to exist, and the user who runs this must be allowed to write to it" ],
    [ /file is not a database|database disk image is malformed/, 65, "name another file, or restore this one from a copy" ],
    [ /database ".*" does not exist|We could not find your database/, 66, "make it with bin/rails db:prepare" ],
    [ /no such table|Could not find table|relation ".*" does not exist|no such column|column .* does not exist/, 66, "bring its tables up to date with bin/rails db:migrate" ]
  ].freeze

  extend self

  # Runs the block, and again while the database fails by what passes; +retrying+ is told by what, and how many seconds
  # are waited. The block is run as a whole again, so that it may be a transaction, but not a part of one.
  #
  # Raises Unavailable where it does not pass.
  def patiently(retrying: nil)
    waits = WAITS.each
    begin
      yield
    rescue ActiveRecord::ActiveRecordError, SystemCallError => error
      temporary?(error) or raise
      seconds = begin
        waits.next
      rescue StopIteration
        raise Unavailable, sentence(error)
      end
      retrying&.call(sentence(error), seconds)
      pause seconds
      retry
    end
  end

  # Whether that passes by itself.
  def temporary?(error)
    causes(error).any? { |cause| TEMPORARY.include?(cause.class.name) || TEMPORARY_CALLS.any? { |call| cause.is_a?(call) } } &&
      refusal(error).nil?
  end

  # What went wrong and what to do about it, in one line; nil where the error is none of the database's.
  def sentence(error)
    return error.message if error.is_a?(Unavailable)
    return unless of_the_database?(error)

    # The statement that failed may hold pages of names.
    cause = causes(error).last.message.to_s.scrub.lines.map(&:strip).reject(&:empty?).first.to_s.truncate(300)
    step = refusal(error)&.last || (temporary?(error) ? "try again in a while" : return)
    "the database: #{cause.delete_suffix(".")}: #{step}"
  end

  # The exit code of a task that ended by it; nil where the error is none of these.
  def exit_code(error)
    return 69 if error.is_a?(Unavailable)
    return unless of_the_database?(error)

    refusal(error)&.second || (69 if temporary?(error))
  end

  private
    def pause(seconds)
      sleep seconds
    end

    # The error and what it was made of, as far as that is the database's or the system's: what was being rescued
    # meanwhile is a cause, too, by Ruby's count.
    def causes(error)
      causes = []
      while error && causes.size < 10
        causes << error if error.is_a?(ActiveRecord::ActiveRecordError) || error.is_a?(SystemCallError) || native?(error)
        error = error.cause
      end
      causes
    end

    def native?(error)
      error.class.name.to_s.match?(/\A(PG|SQLite3)::/)
    end

    def of_the_database?(error)
      causes(error).any? { |cause| !cause.is_a?(SystemCallError) || TEMPORARY_CALLS.any? { |call| cause.is_a?(call) } }
    end

    # The database's own words, where there are any: Rails takes any error that has the database's name in it, as of a
    # server that is called like it, for one of a database that does not exist.
    def refusal(error)
      causes = causes(error)
      words = (causes.select { |cause| native?(cause) }.presence || causes).map { |cause| cause.message.to_s.scrub }.join("\n")
      REFUSALS.find { |pattern,| words.match?(pattern) }
    end
end

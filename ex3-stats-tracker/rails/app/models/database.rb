# The database's kind, and its errors: retries after the temporary ones, and a message and an exit code for each known one.
module Database
  # A temporary error lasted longer than all retries.
  class Unavailable < StandardError; end

  # Seconds between the attempts, two minutes in all. Before each attempt's error SQLite itself waits ten seconds for
  # another writer. After that the next scheduled run is the retry.
  RETRY_DELAYS = [ 0.5, 1, 2, 4, 8, 15, 30, 30, 30 ].freeze

  # The errors that may end by themselves: another program's lock, a full disk, a restart of the server.
  TEMPORARY = {
    sqlite: %w[SQLite3::BusyException SQLite3::LockedException SQLite3::FullException SQLite3::IOException
      SQLite3::ProtocolException],
    postgresql: %w[PG::DiskFull PG::OutOfMemory PG::TooManyConnections PG::LockNotAvailable PG::TRDeadlockDetected
      PG::TRSerializationFailure PG::ObjectInUse PG::AdminShutdown PG::CrashShutdown PG::CannotConnectNow
      PG::UnableToSend PG::ConnectionBad PG::IoError PG::QueryCanceled PG::ReadOnlySqlTransaction]
  }.values.flatten.to_set.freeze
  TEMPORARY_CALLS = [ Errno::ENOSPC, Errno::EDQUOT, Errno::EINTR, Errno::EAGAIN, Errno::EIO ].freeze

  # Errors of settings and of a missing database: a pattern of PostgreSQL's or SQLite's message, the exit code, and the
  # next step. The message is matched because the Ruby error of a refused connection has no code.
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

  # Whether the database is PostgreSQL, and not SQLite.
  def postgresql?
    ActiveRecord::Base.connection_db_config.adapter == "postgresql"
  end

  # Runs the block, and again after temporary errors. +on_retry+ is called with the message and the seconds of each wait.
  # The block may be a transaction, but not a part of one, because the whole block runs again.
  #
  # Raises Unavailable after the last retry.
  def with_retries(on_retry: nil)
    delays = RETRY_DELAYS.each
    begin
      yield
    rescue ActiveRecord::ActiveRecordError, SystemCallError => error
      temporary?(error) or raise
      seconds = begin
        delays.next
      rescue StopIteration
        raise Unavailable, message_for(error)
      end
      on_retry&.call(message_for(error), seconds)
      pause seconds
      retry
    end
  end

  # Whether the error may end by itself.
  def temporary?(error)
    causes(error).any? { |cause| TEMPORARY.include?(cause.class.name) || TEMPORARY_CALLS.any? { |call| cause.is_a?(call) } } &&
      refusal(error).nil?
  end

  # The error and the next step in one line; nil for an error of anything else.
  def message_for(error)
    return error.message if error.is_a?(Unavailable)
    return unless database_error?(error)

    # Rails' message contains the statement, which may be very long: only the first line of the cause is shown.
    cause = causes(error).last.message.to_s.scrub.lines.map(&:strip).reject(&:empty?).first.to_s.truncate(300)
    step = refusal(error)&.last || (temporary?(error) ? "try again in a while" : return)
    "the database: #{cause.delete_suffix(".")}: #{step}"
  end

  # The exit code of a task that the error ended; nil for an error of anything else.
  def exit_code(error)
    return 69 if error.is_a?(Unavailable)
    return unless database_error?(error)

    refusal(error)&.second || (69 if temporary?(error))
  end

  private
    def pause(seconds)
      sleep seconds
    end

    # The error and its causes, without those of anything else: Ruby also counts an unrelated error as a cause that was
    # being rescued meanwhile.
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

    def database_error?(error)
      causes(error).any? { |cause| !cause.is_a?(SystemCallError) || TEMPORARY_CALLS.any? { |call| cause.is_a?(call) } }
    end

    # Matches the messages of the pg or sqlite3 gem, if there are any. Rails' own message may be wrong: it takes every
    # error that contains the database's name for a missing database, also where the server has the same name.
    def refusal(error)
      causes = causes(error)
      text = (causes.select { |cause| native?(cause) }.presence || causes).map { |cause| cause.message.to_s.scrub }.join("\n")
      REFUSALS.find { |pattern,| text.match?(pattern) }
    end
end

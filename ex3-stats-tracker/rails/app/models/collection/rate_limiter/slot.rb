# The exclusive right to make a request to a source, and the earliest time of the next request: an advisory lock and a row of
# PostgreSQL.
class Collection::RateLimiter::Slot
  NOW = "(clock_timestamp() AT TIME ZONE 'UTC')"

  def initialize(connection, source, on_retry: nil)
    @connection, @source, @on_retry = connection, source, on_retry
  end

  # Waits for the slot behind the other collectors, first come, first served.
  def hold
    killed = true
    with_retries { @connection.execute("SELECT pg_advisory_lock(#{key})") }
    answer = yield
    killed = false
    answer
  rescue StandardError
    killed = false
    raise
  ensure
    # A thread that is killed leaves a statement or the lock behind: its session ends with it.
    killed ? @connection.throw_away! : release
  end

  # By the database's clock; negative where the time has come.
  def seconds_left
    with_retries { @connection.select_value("SELECT EXTRACT(EPOCH FROM next_at - #{NOW}) FROM request_times WHERE source = #{source}") }.to_f
  end

  # Stored before the request, so that the pause also follows a request whose collector is killed.
  def begin_request(pause)
    store "#{NOW} + #{seconds(pause)}"
  end

  # The row still has the pause after the request's beginning. Each page but the first adds one to it.
  def end_request(pause, pages:)
    store "GREATEST(#{NOW} + #{seconds(pause)}, request_times.next_at + #{seconds((pages - 1) * pause)})", first: "#{NOW} + #{seconds(pause)}"
  end

  private
    def store(time, first: time)
      with_retries do
        @connection.execute <<~SQL.squish
          INSERT INTO request_times (source, next_at) VALUES (#{source}, #{first}) ON CONFLICT (source) DO UPDATE SET next_at = #{time}
        SQL
      end
    end

    def release
      @connection.execute("SELECT pg_advisory_unlock(#{key})")
    rescue ActiveRecord::ActiveRecordError
      # Without a connection there is no lock.
    end

    def seconds(number)
      "make_interval(secs => #{Float(number)})"
    end

    def source
      @connection.quote(@source)
    end

    def key
      Collection::Lock.key("requests to #{@source}", @connection)
    end

    def with_retries(&)
      @connection.uncached { Database.with_retries(on_retry: @on_retry, &) }
    end
end

# Who is told how a pass goes on: here, nobody.
class Collection::Progress
  def self.for(name = ENV["STATS_TRACKER_PROGRESS"].presence)
    case name
    when nil then $stderr.tty? ? Terminal.new : Summary.new
    when "json" then Lines.new
    else raise ArgumentError, "STATS_TRACKER_PROGRESS is json or not set, not #{name}"
    end
  end

  # A pass is begun or resumed.
  def started(collection) = nil

  # The list is there: so many packages, of which so many are left to measure.
  def listed(packages, left) = nil

  # The package was read.
  def read(name, total) = nil

  # The package, or the organisation's list, was not read.
  def failed(name, problem) = nil

  # The package's total was read, its versions were not.
  def versions_failed(name, problem) = nil

  # The same is asked again after so many seconds. Called from the threads that ask.
  def waiting(problem, seconds) = nil

  # The database fails by what passes: it is tried again after so many seconds.
  def database_away(detail, seconds) = nil

  # The pass is over, or stopped.
  def ended(collection) = nil

  # There is no pass, or no more of it: +error+ says why.
  def refused(name, error) = nil

  # So many passes of so many of a history were made; this one at that time.
  def played(pass, passes, time) = nil

  # A line of JSON for each event, on stdout: for the launcher, which draws the bar.
  class Lines < self
    def initialize(out = $stdout)
      @out = out
      @mutex = Mutex.new
    end

    def started(collection)
      say event: "started", org: collection.org.name, resumed: collection.runs > 1
    end

    def listed(packages, left)
      say event: "listed", packages:, left:
    end

    def read(name, total)
      say event: "package", name:, total:
    end

    def failed(name, problem)
      say event: "package", name:, kind: problem.kind, detail: problem.detail
    end

    def versions_failed(name, problem)
      say event: "versions", name:, kind: problem.kind, detail: problem.detail
    end

    def waiting(problem, seconds)
      say event: "waiting", kind: problem.kind, detail: problem.detail, seconds: seconds.ceil
    end

    def database_away(detail, seconds)
      say event: "waiting", kind: "database_unavailable", detail:, seconds: seconds.ceil
    end

    # +read+, +failed+ and +not_asked+ add up to +listed+.
    def ended(collection)
      say event: "ended", org: collection.org.name, state: collection.state, reason: collection.reason,
        started_at: collection.started_at.iso8601, detail: collection.detail, retry_at: collection.retry_at&.iso8601, listed: collection.packages_listed,
        read: collection.packages_read, failed: collection.packages_failed, not_asked: collection.not_asked,
        total: collection.org.total, seconds: collection.seconds.round(3)
    end

    REASONS = { "Collection::TooEarly" => "too_early", "Collection::Lock::Taken" => "already_running",
      "Org::OtherSource" => "other_source",
      "Org::Unknown" => "unknown_org", "Database::Unavailable" => "database_unavailable" }.freeze

    def refused(name, error)
      say event: "ended", org: name, state: "refused", reason: REASONS[error.class.name], detail: error.message,
        retry_at: (error.time.utc.iso8601 if error.is_a?(Collection::TooEarly))
    end

    def played(pass, passes, time)
      say event: "played", pass:, passes:, at: time.utc.iso8601
    end

    private
      def say(event)
        @mutex.synchronize do
          printing do
            @out.puts event.to_json
            @out.flush
          end
        end
      end
  end

  # What failed, and a line at the end: for a scheduler's log.
  class Summary < self
    def failed(name, problem)
      complain "#{name}: #{problem.detail} (#{problem.kind})"
    end

    def versions_failed(name, problem)
      failed "#{name}, versions", problem
    end

    def database_away(detail, seconds)
      complain "#{detail} (again in #{seconds.ceil} s)"
    end

    def ended(collection)
      printing { $stdout.puts collection.summary }
    end
  end

  # The same, and one line at the bottom of a terminal.
  class Terminal < Summary
    def initialize(out = $stderr)
      @out = out
      @mutex = Mutex.new
      @done = @left = 0
    end

    def listed(_packages, left)
      @done, @left = 0, left
    end

    def read(name, _total)
      step name
    end

    def failed(name, problem)
      line "#{name}: #{problem.detail} (#{problem.kind})"
      step name
    end

    def versions_failed(name, problem)
      line "#{name}, versions: #{problem.detail} (#{problem.kind})"
    end

    def database_away(detail, seconds)
      line "#{detail} (again in #{seconds.ceil} s)"
    end

    def waiting(problem, seconds)
      show "waiting for #{seconds.ceil} s: #{problem.kind}"
    end

    def ended(collection)
      write "\r\e[K"
      super
    end

    def played(pass, passes, time)
      show "#{pass} of #{passes} passes: #{time.to_date}"
      write "\n" if pass == passes
    end

    private
      def step(name)
        @done += 1
        show "#{@done} of #{@left}  #{name}"
      end

      def show(what)
        write "\r\e[K#{what}".truncate(100)
      end

      def line(text)
        write "\r\e[K#{text}\n"
      end

      def write(text)
        @mutex.synchronize { printing { @out.print text } }
      end
  end

  private
    # A terminal that is gone, a pipe that nobody reads or a disk that is full ends no pass.
    def printing
      yield
    rescue SystemCallError, IOError
      nil
    end

    def complain(line)
      printing { $stderr.puts line }
    end
end

# The observer of a collection. This class ignores every event; its subclasses print them.
class Collection::Progress
  def self.for(name = ENV["STATS_TRACKER_PROGRESS"].presence)
    case name
    when nil then $stderr.tty? ? Terminal.new : Summary.new
    when "json" then Lines.new
    else raise ArgumentError, "STATS_TRACKER_PROGRESS is json or not set, not #{name}"
    end
  end

  # A round over all configured organisations begins: +due+ is the number of those that it collects.
  def round(round, due) = nil

  # A collection begins or is resumed.
  def started(collection) = nil

  # The list was read: the number of its packages, and of those that remain to be measured.
  def listed(packages, remaining) = nil

  # The package's total was read.
  def read(name, total) = nil

  # The package, or the organisation's list, was not read.
  def failed(name, problem) = nil

  # The package's total was read, its versions were not.
  def versions_failed(name, problem) = nil

  # The request is made again after so many seconds. Called from the worker threads.
  def waiting(problem, seconds) = nil

  # A temporary error of the database: the next attempt is after so many seconds.
  def database_unavailable(detail, seconds) = nil

  # The collection is finished or stopped.
  def ended(collection) = nil

  # The collection did not begin, or ended early, because of +error+.
  def refused(name, error) = nil

  # Collection number +pass+ of +passes+ of a replayed history was made, at +time+.
  def played(pass, passes, time) = nil

  # +written+ files of an export, of those that are known so far.
  def exporting(written, known) = nil

  # The SiteExport::Result of an export to +directory+.
  def exported(directory, result) = nil

  # A line of JSON for each event, on stdout. The launcher draws its progress bar from them.
  class Lines < self
    def initialize(out = $stdout)
      @out = out
      @mutex = Mutex.new
    end

    # +seconds+: how long a round takes, as far as is known. +over+: by how much that is longer than +limit+.
    def round(round, due)
      emit event: "round", organisations: round.names.size, due:, never_read: round.never_read.size,
        seconds: round.seconds&.ceil, limit: Round.limit, over: round.over.ceil
    end

    def started(collection)
      emit event: "started", org: collection.org.name, resumed: collection.runs > 1
    end

    def listed(packages, remaining)
      emit event: "listed", packages:, left: remaining
    end

    def read(name, total)
      emit event: "package", name:, total:
    end

    def failed(name, problem)
      emit event: "package", name:, kind: problem.kind, detail: problem.detail
    end

    def versions_failed(name, problem)
      emit event: "versions", name:, kind: problem.kind, detail: problem.detail
    end

    def waiting(problem, seconds)
      emit event: "waiting", kind: problem.kind, detail: problem.detail, seconds: seconds.ceil
    end

    def database_unavailable(detail, seconds)
      emit event: "waiting", kind: "database_unavailable", detail:, seconds: seconds.ceil
    end

    # +read+, +failed+, +resting+ and +not_asked+ add up to +listed+.
    def ended(collection)
      emit event: "ended", org: collection.org.name, state: collection.state, reason: collection.reason,
        started_at: collection.started_at.iso8601, detail: collection.detail, retry_at: collection.retry_at&.iso8601, listed: collection.packages_listed,
        read: collection.packages_read, failed: collection.packages_failed, resting: collection.packages_resting, not_asked: collection.not_asked,
        total: collection.org.total, seconds: collection.seconds.round(3)
    end

    REASONS = { "Collection::TooEarly" => "too_early", "Collection::Lock::Taken" => "already_running",
      "Org::OtherSource" => "other_source",
      "Org::Unknown" => "unknown_org", "Database::Unavailable" => "database_unavailable" }.freeze

    def refused(name, error)
      emit event: "ended", org: name, state: "refused", reason: REASONS[error.class.name], detail: error.message,
        retry_at: (error.time.utc.iso8601 if error.is_a?(Collection::TooEarly))
    end

    def played(pass, passes, time)
      emit event: "played", pass:, passes:, at: time.utc.iso8601
    end

    def exporting(written, known)
      emit event: "exporting", written:, known:
    end

    def exported(directory, result)
      emit event: "exported", directory: File.expand_path(directory), files: result.files, bytes: result.bytes
    end

    private
      def emit(event)
        @mutex.synchronize do
          ignoring_write_errors do
            @out.puts event.to_json
            @out.flush
          end
        end
      end
  end

  # The failures, and one line at the end, for a scheduler's log.
  class Summary < self
    def round(round, due)
      left_out = round.names.size - due
      print_error "#{left_out} of #{round.names.size} organisations were just read and are left out" if left_out.positive?
      print_error round.too_long if round.over.positive?
    end

    def failed(name, problem)
      print_error "#{name}: #{problem.detail} (#{problem.kind})"
    end

    def versions_failed(name, problem)
      failed "#{name}, versions", problem
    end

    def database_unavailable(detail, seconds)
      print_error "#{detail} (again in #{seconds.ceil} s)"
    end

    def ended(collection)
      ignoring_write_errors { $stdout.puts collection.summary }
    end

    def exported(directory, result)
      ignoring_write_errors do
        $stdout.puts "#{result.files.to_fs(:delimited)} files with #{result.bytes.to_fs(:human_size)} in #{File.expand_path(directory)}"
      end
    end
  end

  # The failures, and a status line at the bottom of the terminal.
  class Terminal < Summary
    def initialize(out = $stderr)
      @out = out
      @mutex = Mutex.new
      @done = @remaining = 0
    end

    def listed(_packages, remaining)
      @done, @remaining = 0, remaining
    end

    def read(name, _total)
      advance name
    end

    def failed(name, problem)
      print_line "#{name}: #{problem.detail} (#{problem.kind})"
      advance name
    end

    def versions_failed(name, problem)
      print_line "#{name}, versions: #{problem.detail} (#{problem.kind})"
    end

    def database_unavailable(detail, seconds)
      print_line "#{detail} (again in #{seconds.ceil} s)"
    end

    def waiting(problem, seconds)
      show_status "waiting for #{seconds.ceil} s: #{problem.kind}"
    end

    def ended(collection)
      write "\r\e[K"
      super
    end

    def played(pass, passes, time)
      show_status "#{pass} of #{passes} collections: #{time.to_date}"
      write "\n" if pass == passes
    end

    def exporting(written, known)
      show_status "#{written} of #{known} files"
    end

    def exported(directory, result)
      write "\r\e[K"
      super
    end

    private
      def advance(name)
        @done += 1
        show_status "#{@done} of #{@remaining}  #{name}"
      end

      def show_status(text)
        write "\r\e[K#{text}".truncate(100)
      end

      def print_line(text)
        write "\r\e[K#{text}\n"
      end

      def write(text)
        @mutex.synchronize { ignoring_write_errors { @out.print text } }
      end
  end

  private
    # A closed terminal, a broken pipe or a full disk does not end a collection.
    def ignoring_write_errors
      yield
    rescue SystemCallError, IOError
      nil
    end

    def print_error(line)
      ignoring_write_errors { $stderr.puts line }
    end
end

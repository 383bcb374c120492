# Runs a collection: decides which package is asked for, when, and when again.
#
# Worker threads ask the component, each for the next package in the order of Turn. The main thread stores the outcomes, each
# package in one transaction: wherever the collection is killed, a package is stored whole or not at all. Without a pause
# between requests, several packages share a transaction, so that storing keeps up with fetching. A long rate limit or an
# outage stops the collection, and the next run resumes it.
class Collection::Runner
  # So many packages in a row that could not be read mean an outage of GitHub.
  UNREACHABLE_IN_A_ROW = 3

  # The packages of one transaction, for each worker thread, where the policy has no pause. A collection that is killed has
  # fetched them in vain, so that a batch is also stored after BATCH_SECONDS.
  BATCH_SIZE = 4
  BATCH_SECONDS = 0.1

  # What a worker thread fetched of a package. +reading+ and +versions+ are nil where they were not requested, and a
  # Component::Problem where they could not be read.
  Outcome = Data.define(:package, :reading, :versions) do
    def problems
      [ reading, versions ].grep(Component::Problem)
    end
  end

  def initialize(collection, lock:, policy:, clock:, progress:, component:, pace: Pace::ALWAYS)
    @collection, @lock, @policy, @clock, @progress, @component, @pace = collection, lock, policy, clock, progress, component, pace
    @run_number = collection.runs
    @rate_limiter = Collection::RateLimiter.for(collection.org.source, policy, clock:, on_retry: progress.method(:database_unavailable))
    # Closed to stop the collection. Threads sleep by waiting on it, so that closing it wakes them.
    @halt = Thread::Queue.new
    @rate_limit_wait_left, @mutex = policy.max_rate_limit_wait, Mutex.new
    @unreachable_in_a_row = 0
  end

  def run
    @began, @begun_at = monotonic, now
    if read_list
      measure
      @stop_reason ? stop(@stop_reason) : finish
    end
  end

  private
    attr_reader :collection, :progress, :policy

    def org
      collection.org
    end

    def now
      @clock.call
    end

    def monotonic
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def read_list
      component = @component.call
      list = with_attempts { component.packages(org.name) }
      @owner = list.owner
      listed = list.packages.reject { |package| Collection.skipped.include?("#{org.name}/#{package.name}") }
      at = now
      write do
        org.list(listed, at:)
        # A package of an earlier run counts also where the list no longer has it.
        collection.update!(packages_listed: listed.size + collection.done_without(listed.map(&:name)),
          packages_resting: org.packages.on_list.reject { |package| collection.id == package.collection_id || @pace.total_due?(package, @begun_at) }.size)
      end
      true
    rescue Component::Problem => problem
      at = now
      write { org.record_failure(problem, at:, collection:) }
      progress.failed(org.name, problem)
      collection.problems << problem
      problem.temporary? ? stop(problem) : finish(problem)
      false
    ensure
      component&.close
    end

    # Measures the packages that no earlier run has measured.
    def measure
      wanted = Turn.of_packages(org.packages.on_list.ordered.includes(:repository).to_a)
      remaining = wanted.select { |package| total_wanted?(package) || versions_wanted?(package) }
      progress.listed(wanted.size, remaining.size)
      packages = remaining.each_with_object(Thread::Queue.new) { |package, queue| queue << package }.close
      outcomes = Thread::SizedQueue.new(max_batch_size)
      threads = Array.new([ policy.concurrency, remaining.size ].min) { Thread.new { fetch_packages(packages, outcomes) } }
      record_until_done outcomes, threads.size
    ensure
      # Nothing is stored any more: a thread that still fetches does so in vain.
      threads&.each(&:kill)
    end

    # Stores outcomes until each worker thread has reported that it is done.
    def record_until_done(outcomes, threads)
      until threads.zero?
        batch = next_batch(outcomes, threads)
        fetched = batch.grep(Outcome)
        record fetched if fetched.any?
        error = batch.find { |outcome| outcome.is_a?(Exception) } and raise error
        threads -= batch.count(:done)
      end
    end

    def next_batch(outcomes, threads)
      batch = [ outcomes.pop ]
      deadline = monotonic + BATCH_SECONDS
      while batch.size < max_batch_size && batch.count(:done) < threads
        outcome = outcomes.pop(timeout: [ deadline - monotonic, 0 ].max) or break
        batch << outcome
        break if outcome.is_a?(Exception)
      end
      batch
    end

    # Also the most outcomes that wait: while a batch is being stored, the threads fetch the next one.
    def max_batch_size
      policy.pause.zero? ? BATCH_SIZE * policy.concurrency : 1
    end

    def fetch_packages(packages, outcomes)
      component = @component.call
      first = true
      until @halt.closed?
        package = packages.pop or break
        pause unless first
        first = false
        break if @halt.closed?
        outcomes << fetch(component, package).tap { |outcome| stop_if_needed outcome }
      end
      outcomes << :done
    rescue Exception => error # rubocop:disable Lint/RescueException -- the main thread waits for this thread's last outcome
      outcomes << error
    ensure
      component&.close
    end

    def fetch(component, package)
      total_wanted = total_wanted?(package)
      reading = answer_or_problem { component.measure(org.name, package.name, **hints(package)) } if total_wanted
      # A package that can't be read now will not show its versions either.
      if !reading.is_a?(Component::Problem) && versions_wanted?(package, reading)
        pause if total_wanted
        versions = answer_or_problem { component.versions(org.name, package.name, **hints(package)) }
      end
      Outcome.new(package:, reading:, versions:)
    end

    # The list's details of the package: with them the component asks GitHub for fewer pages.
    def hints(package)
      { repository: package.repository&.name, owner: @owner }
    end

    def answer_or_problem(&)
      with_attempts(&)
    rescue Component::Problem => problem
      problem
    end

    # Runs the block, and again after problems that another attempt may solve.
    def with_attempts
      attempt = 0
      begin
        attempt += 1
        @rate_limiter ? @rate_limiter.request { yield } : yield
      rescue Component::Problem => problem
        delay = (delay_after(problem, attempt) if attempt < policy.max_attempts && !@halt.closed?) or raise
        progress.waiting(problem, delay)
        sleep_for delay
        @halt.closed? ? raise : retry
      end
    end

    # Seconds before the next attempt; nil where there is none. The time of a Retry-After header is respected as long as
    # all such waits of the collection together stay within the policy.
    def delay_after(problem, attempt)
      return unless problem.temporary?

      delay = policy.delay(attempt)
      return delay if problem.retry_after.nil? && !problem.rate_limited?

      @mutex.synchronize do
        wait = problem.retry_after && [ problem.retry_after, delay ].max
        next unless wait && wait <= @rate_limit_wait_left
        @rate_limit_wait_left -= wait
        wait
      end
    end

    def pause
      sleep_for policy.pause unless @rate_limiter
    end

    # Ends early where the collection is stopped.
    def sleep_for(seconds)
      @halt.pop(timeout: seconds) if seconds.positive?
    end

    def total_wanted?(package)
      package.collection_id != collection.id && @pace.total_due?(package, @begun_at)
    end

    def versions_wanted?(package, reading = nil)
      package.versions_due?(now) && @pace.versions_due?(package, reading, @begun_at)
    end

    def record(outcomes)
      # The time of the first attempt: a second write of the same failure then meets the unique index.
      at = now
      write(before_retry: -> { outcomes = without_stored(outcomes, at:) }) { store outcomes, at: }
      outcomes.each do |outcome|
        collection.problems.concat(outcome.problems)
        if outcome.reading.is_a?(Component::Problem)
          progress.failed(outcome.package.name, outcome.reading)
        else
          progress.read(outcome.package.name, outcome.reading&.total || outcome.package.total)
          progress.versions_failed(outcome.package.name, outcome.versions) if outcome.versions.is_a?(Component::Problem)
        end
      end
    end

    # The outcomes that are not stored yet: a connection may be lost after its transaction was committed.
    def without_stored(outcomes, at:)
      outcomes.reject do |outcome|
        package = outcome.package.reload
        case outcome.reading
        when Component::Contract::Reading then !total_wanted?(package)
        when Component::Problem then package.failures.exists?(collection:, about: "total", at:)
        end
      end
    end

    def store(outcomes, at:)
      failed_before = collection.failed_earlier(outcomes.map(&:package))
      read, unread = outcomes.select(&:reading).partition { |outcome| outcome.reading.is_a?(Component::Contract::Reading) }
      Package.record(read.to_h { |outcome| [ outcome.package, outcome.reading ] }, collection:, pace: @pace)
      unread.each do |outcome|
        outcome.package.record_failure(outcome.reading, about: "total", at:, collection:)
        # After a temporary problem the package is requested again when a stopped collection is resumed.
        outcome.package.update!(collection:) unless outcome.reading.temporary?
      end
      collection.update_columns packages_read: collection.packages_read + read.size,
        packages_failed: collection.packages_failed - (read.map(&:package) & failed_before).size + (unread.map(&:package) - failed_before).size

      listed, unlisted = outcomes.select(&:versions).partition { |outcome| outcome.versions.is_a?(Array) }
      Package.record_versions(listed.map { |outcome| [ outcome.package, outcome.versions, outcome.reading&.measured_at || at ] })
      unlisted.each { |outcome| outcome.package.record_failure(outcome.versions, about: "versions", at:, collection:) }
    end

    # Stops the collection at a rate limit or an outage. The worker thread decides this itself: until the main thread has
    # stored the outcome, other threads would have made more requests.
    def stop_if_needed(outcome)
      @mutex.synchronize do
        temporary = outcome.problems.select(&:temporary?)
        @unreachable_in_a_row = temporary.any? ? @unreachable_in_a_row + 1 : 0
        reason = temporary.find(&:rate_limited?) || (temporary.last if @unreachable_in_a_row >= UNREACHABLE_IN_A_ROW)
        @halt.close if @stop_reason ||= reason
      end
    end

    # Runs the block in one transaction, and again after temporary errors of the database: the fetched pages are kept
    # meanwhile. +before_retry+ is called before each further attempt.
    def write(before_retry: nil)
      first = true
      Database.with_retries(on_retry: progress.method(:database_unavailable)) do
        unless first
          # The counters start from the stored values again.
          collection.reload
          before_retry&.call
        end
        first = false
        ActiveRecord::Base.transaction do
          @lock.held? && collection.run?(@run_number) or raise Collection::Lock::Taken, org.name
          yield
        end
      end
    end

    def stop(problem)
      end_run state: "stopped", reason: problem.kind, detail: problem.detail,
        retry_at: problem.retry_after && now + problem.retry_after
    end

    def finish(problem = nil)
      end_run state: "finished", reason: problem&.kind, detail: problem&.detail, finished_at: now
    end

    # A collection that is killed does not come here: its state stays "running".
    def end_run(**attributes)
      last = now.to_date
      write do
        collection.update!(**attributes, seconds: collection.seconds + monotonic - @began)
        org.update_sums(collection.started_at.to_date, last)
      end
    end
end

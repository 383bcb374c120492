# Making a pass: what is asked for when, and when again.
#
# Threads ask the component, each for the next package in GitHub's order; this one writes down what they bring, each
# package in one transaction, so that wherever the pass is killed every package was either written down or was not.
# Where nothing pauses, packages share one, so that writing keeps up with asking. On a rate
# limit that lasts, or when nothing can be reached, the pass stops, and the next one resumes it.
class Collection::Pass
  # After so many packages in a row that could not be read for want of GitHub, it is taken to be away.
  UNREACHABLE_IN_A_ROW = 3

  # Where nothing pauses, so many packages for each request at a time wait for each other, and no longer than that many
  # seconds, to be written down together. A pass that is killed has asked for them in vain.
  TOGETHER = 4
  LONGEST_WAIT = 0.1

  # What a thread brings back of a package. +reading+ and +versions+ are nil where they were not asked for, and a
  # Component::Problem where they could not be read.
  Outcome = Data.define(:package, :reading, :versions) do
    def problems
      [ reading, versions ].grep(Component::Problem)
    end
  end

  def initialize(collection, lock:, manners:, clock:, progress:, component:)
    @collection, @lock, @manners, @clock, @progress, @component = collection, lock, manners, clock, progress, component
    @halt = Thread::Queue.new
    @wait_left, @mutex = manners.wait, Mutex.new
    @unreachable_in_a_row = 0
  end

  def run
    @began = monotonic
    if list
      measure
      @stopped_by ? stop(@stopped_by) : finish
    end
  end

  private
    attr_reader :collection, :progress, :manners

    def org
      collection.org
    end

    def now
      @clock.call
    end

    def monotonic
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    def list
      component = @component.call
      list = ask { component.packages(org.name) }
      @owner = list.owner
      listed = list.packages.reject { |package| Collection.skipped.include?("#{org.name}/#{package.name}") }
      at = now
      write do
        org.list(listed, at:)
        # What was asked for before the pass was resumed counts also where it is no longer listed.
        collection.update!(packages_listed: listed.size + collection.done_without(listed.map(&:name)))
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

    # Measures what the pass has left, in order.
    def measure
      wanted = org.packages.on_list.ordered.includes(:repository).to_a
      left = wanted.select { |package| total_wanted?(package) || package.versions_due?(now) }
      progress.listed(wanted.size, left.size)
      packages = left.each_with_object(Thread::Queue.new) { |package, queue| queue << package }.close
      outcomes = Thread::SizedQueue.new(manners.concurrency)
      threads = Array.new([ manners.concurrency, left.size ].min) { Thread.new { work(packages, outcomes) } }
      drain outcomes, threads.size
    ensure
      # Nothing is left to be written down: a thread that still asks does so in vain.
      threads&.each(&:kill)
    end

    # Writes down what the threads bring until each of them has said that it has nothing more.
    def drain(outcomes, threads)
      until threads.zero?
        together = take(outcomes, threads)
        brought = together.grep(Outcome)
        note brought if brought.any?
        error = together.find { |outcome| outcome.is_a?(Exception) } and raise error
        threads -= together.count(:done)
      end
    end

    def take(outcomes, threads)
      together = [ outcomes.pop ]
      most = manners.pause.zero? ? TOGETHER * manners.concurrency : 1
      deadline = monotonic + LONGEST_WAIT
      while together.size < most && together.count(:done) < threads
        outcome = outcomes.pop(timeout: [ deadline - monotonic, 0 ].max) or break
        together << outcome
        break if outcome.is_a?(Exception)
      end
      together
    end

    def work(packages, outcomes)
      component = @component.call
      first = true
      until @halt.closed?
        package = packages.pop or break
        pause unless first
        first = false
        break if @halt.closed?
        outcomes << bring(component, package).tap { |outcome| consider outcome }
      end
      outcomes << :done
    rescue Exception => error # rubocop:disable Lint/RescueException -- whatever ends a thread, the pass would wait for it for ever
      outcomes << error
    ensure
      component&.close
    end

    def bring(component, package)
      asked = total_wanted?(package)
      reading = answer { component.measure(org.name, package.name, **hints(package)) } if asked
      # A package that can't be read now will not show its versions either.
      if !reading.is_a?(Component::Problem) && package.versions_due?(now)
        pause if asked
        versions = answer { component.versions(org.name, package.name, **hints(package)) }
      end
      Outcome.new(package:, reading:, versions:)
    end

    # What the list said of the package, with which GitHub is asked for fewer pages.
    def hints(package)
      { repository: package.repository&.name, owner: @owner }
    end

    def answer(&)
      ask(&)
    rescue Component::Problem => problem
      problem
    end

    # Asks, and asks again where that is worth it.
    def ask
      attempt = 0
      begin
        attempt += 1
        yield
      rescue Component::Problem => problem
        delay = (delay_after(problem, attempt) if attempt < manners.attempts && !@halt.closed?) or raise
        progress.waiting(problem, delay)
        sleep_for delay
        @halt.closed? ? raise : retry
      end
    end

    # How long to wait before the same is asked again; nil where that is not worth it. Whoever says when to come back
    # is believed, as long as all such waits together do not keep the pass for too long.
    def delay_after(problem, attempt)
      return unless problem.temporary?

      delay = manners.delay(attempt)
      return delay if problem.retry_after.nil? && !problem.rate_limited?

      @mutex.synchronize do
        wait = problem.retry_after && [ problem.retry_after, delay ].max
        next unless wait && wait <= @wait_left
        @wait_left -= wait
        wait
      end
    end

    def pause
      sleep_for manners.pause
    end

    # Sleeps, unless the pass is halted meanwhile.
    def sleep_for(seconds)
      @halt.pop(timeout: seconds) if seconds.positive?
    end

    def total_wanted?(package)
      package.collection_id != collection.id
    end

    def note(outcomes)
      # Of the first attempt: what is written twice by mistake runs into an index.
      at = now
      write(again: -> { outcomes = left_of(outcomes, at:) }) { write_down outcomes, at: }
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

    # What a transaction that seemed to fail has not written: a connection may be lost after it has.
    def left_of(outcomes, at:)
      outcomes.reject do |outcome|
        package = outcome.package.reload
        case outcome.reading
        when Component::Contract::Reading then !total_wanted?(package)
        when Component::Problem then package.failures.exists?(collection:, about: "total", at:)
        end
      end
    end

    def write_down(outcomes, at:)
      failed_before = collection.failed_earlier(outcomes.map(&:package))
      read, unread = outcomes.select(&:reading).partition { |outcome| outcome.reading.is_a?(Component::Contract::Reading) }
      Package.record(read.to_h { |outcome| [ outcome.package, outcome.reading ] }, collection:)
      unread.each do |outcome|
        outcome.package.record_failure(outcome.reading, about: "total", at:, collection:)
        # What may have passed by then is asked for again when a stopped pass is resumed.
        outcome.package.update!(collection:) unless outcome.reading.temporary?
      end
      collection.update_columns packages_read: collection.packages_read + read.size,
        packages_failed: collection.packages_failed - (read.map(&:package) & failed_before).size + (unread.map(&:package) - failed_before).size

      listed, unlisted = outcomes.select(&:versions).partition { |outcome| outcome.versions.is_a?(Array) }
      Package.record_versions(listed.map { |outcome| [ outcome.package, outcome.versions, outcome.reading&.measured_at || at ] })
      unlisted.each { |outcome| outcome.package.record_failure(outcome.versions, about: "versions", at:, collection:) }
    end

    # Whether the pass has to stop at this. The thread that brings it decides: until it is written down, more would
    # have been asked for.
    def consider(outcome)
      @mutex.synchronize do
        temporary = outcome.problems.select(&:temporary?)
        @unreachable_in_a_row = temporary.any? ? @unreachable_in_a_row + 1 : 0
        reason = temporary.find(&:rate_limited?) || (temporary.last if @unreachable_in_a_row >= UNREACHABLE_IN_A_ROW)
        @halt.close if @stopped_by ||= reason
      end
    end

    # One transaction, which is made again as long as the database fails by what passes. What was read is not asked for
    # again meanwhile. +again+ is called before each further attempt.
    def write(again: nil)
      first = true
      Database.patiently(retrying: progress.method(:database_away)) do
        unless first
          # What this attempt counts from is what is written down.
          collection.reload
          again&.call
        end
        first = false
        ActiveRecord::Base.transaction do
          @lock.held? or raise Collection::Lock::Taken
          yield
        end
      end
    end

    def stop(problem)
      settle state: "stopped", reason: problem.kind, detail: problem.detail,
        retry_at: problem.retry_after && now + problem.retry_after
    end

    def finish(problem = nil)
      settle state: "finished", reason: problem&.kind, detail: problem&.detail, finished_at: now
    end

    # A pass that is killed never comes here: its state stays "running".
    def settle(**how)
      last = now.to_date
      write do
        collection.update!(**how, seconds: collection.seconds + monotonic - @began)
        org.add_up(collection.started_at.to_date, last)
      end
    end
end

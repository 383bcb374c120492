# One request to GitHub at a time, and a pause after each, for all collectors on a PostgreSQL database together.
#
# The embedded host does the same for the requests of one process (host/src/outbound/turns.rs), and paces each page in
# it. Another pod's host does not know of it, and Spin paces nothing: only the database is known to all collectors. So
# a collector holds an advisory lock while the component answers, however many pages the component fetches for that, and the
# table has the earliest time of the next request. A component's request costs
#
# - a pause after its answer, as one collector alone has it, and
# - a pause for each page that its answer must have taken, counted from its beginning: the embedded host has
#   already waited between them, and Spin has not.
#
# The lock ends with its session, so that a collector that is killed keeps nobody waiting; before the request the table already
# has the pause after it. The database's clock alone is used, for time that passes.
class Collection::RateLimiter
  Contract = Component::Contract

  # The rows of one page of GitHub's lists.
  PACKAGES_PER_PAGE = 30
  VERSIONS_PER_PAGE = 50

  # nil where nothing is shared: SQLite has one collector at a time, and a policy with several requests at a time is that of
  # a stand-in. +clock+ is that of Collection.collect.
  def self.for(source, policy, clock:, on_retry: nil)
    new(source, policy, clock:, on_retry:) if Database.postgresql? && policy.concurrency == 1 && policy.pause.positive?
  end

  def initialize(source, policy, clock:, on_retry: nil)
    @source, @policy, @clock, @on_retry = source, policy, clock, on_retry
  end

  # Runs the block, which makes one request to the component, at its time, and returns its answer. Raises
  # Component::Problem without a request where GitHub has asked another collector to wait.
  def request(&)
    ActiveRecord::Base.connection_pool.with_connection do |connection|
      slot = Slot.new(connection, @source, on_retry: @on_retry)
      slot.hold { ask(slot, &) }
    end
  end

  # The pages that the component fetched at least for its answer.
  def self.pages(answer)
    case answer
    when Contract::List then answer.packages.size.fdiv(PACKAGES_PER_PAGE).ceil
    when Array then answer.size.fdiv(VERSIONS_PER_PAGE).ceil
    else 1
    end.clamp(1..)
  end

  private
    def ask(slot)
      wait slot
      slot.begin_request @policy.pause
      yield.tap { |answer| slot.end_request @policy.pause, pages: self.class.pages(answer) }
    rescue NotAsked
      raise
    rescue Component::Problem => problem
      # A longer wait stops the collection, and is stored with it: then `wait` finds it.
      slot.end_request [ @policy.pause, [ problem.retry_after.to_i, @policy.max_rate_limit_wait ].min ].max, pages: 1
      raise
    end

    # GitHub was not asked.
    class NotAsked < Component::Problem; end
    private_constant :NotAsked

    def wait(slot)
      check_retry_at
      while (left = slot.seconds_left).positive?
        sleep left
        check_retry_at
      end
    end

    def check_retry_at
      now = @clock.call
      time = Database.with_retries(on_retry: @on_retry) { Collection.retry_at(@source, now) }
      raise NotAsked.new("rate_limited", "GitHub asked another collector to wait", retry_after: (time - now).ceil) if time
    end
end

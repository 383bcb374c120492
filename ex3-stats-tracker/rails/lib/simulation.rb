# A simulation of rounds over many organisations, with a clock that is set and without HTTP: which package is read when, and
# how many pages of GitHub that takes.
#
# Several collectors run at the same time. The clock moves by +pause+ for each page, as all of them together make one request
# at a time: Collection::RateLimiter. Their requests queue, first come, first served. So the pages of a day are never more than
# 86,400 with a pause of a second. In each simulated hour collectors are killed at random moments, and start again at once.
#
# There are two kinds of collectors. Simulation::Stored is the real one, with a database, and a double of the component's
# client. Simulation::Model decides by the same classes (Turn, Pace) and keeps in memory what was read, so that 100,000 packages
# take minutes. A test holds one to the other.
class Simulation
  # Ends the collector as SIGKILL does: nothing is stored any more.
  class Killed < Exception; end # rubocop:disable Lint/InheritException

  BEGINNING = Time.utc(2026, 1, 1)
  LIST_PAGE = 30
  DAY_OF_PAGES = 86_400

  attr_reader :now, :names, :packages, :interval, :pages_by_day, :kills, :rounds, :longest

  # +packages+ of each organisation. +moving+ percent of them have downloads each day, +seldom+ percent every tenth day,
  # and the others stand still. +interval+ and +pause+ are in seconds. +kills+: in each hour.
  def initialize(orgs:, packages:, days:, interval: 6 * 3600, pause: 1, moving: 20, seldom: 10, collectors: 2, kills: 2, seed: 1)
    @names = (1..orgs).map { |number| "org-#{number}" }
    @packages, @days, @interval, @pause, @moving, @seldom = packages, days, interval, pause, moving, seldom
    @collectors, @kills_an_hour, @random = collectors, kills, Random.new(seed)
    @now, @pages_by_day, @kills, @rounds = BEGINNING, Hash.new(0), 0, 0
    @last_read, @longest = {}, Hash.new(0)
    @ending, @last_third = [ days, days * 2 / 3 ].map { |day| BEGINNING + day.days }
    @queue, @kill_times, @kills_set_until = [], [], BEGINNING
  end

  # +collector+ runs a round of a Simulation::Process: it is called until the days are over, by each of the processes.
  def run(collector)
    @processes = Array.new(@collectors) { Process.new(self) { |process| collector.round(process) } }
    @processes.each { |process| continue process }
    until over?
      @queue.any? ? serve(@queue.shift) : sleep_until_next_round
    end
    @processes.each(&:finish)
    @last_read.each { |package, (at, rule)| count_wait(now - at, rule) if package }
    self
  end

  def over? = now >= @ending

  def round_begins = @rounds += 1

  def list_pages = [ packages.fdiv(LIST_PAGE).ceil, 1 ].max

  # The downloads of a package on a day, counted from the first one.
  def downloads(org, number, day)
    case (org * 31 + number * 7) % 100
    when ...@moving then 5
    when ...(@moving + @seldom) then (day + number) % 10 == 0 ? 3 : 0
    else 0
    end
  end

  def total(org, number)
    @totals ||= {}
    day, total = @totals.fetch([ org, number ], [ -1, 1_000 ])
    total += downloads(org, number, day += 1) while day < today
    @totals[[ org, number ]] = [ day, total ]
    total
  end

  # The number of the day, from 0.
  def today = (now - BEGINNING).to_i / 86_400

  # A package was read at +at+. +resting_until+: the rule until its next reading.
  def read(org, number, at, resting_until)
    before, rule = @last_read[[ org, number ]]
    before ? count_wait(at - before, rule) : @longest[:first] = [ @longest[:first], at - BEGINNING ].max
    @last_read[[ org, number ]] = [ at, resting_until && resting_until - at ]
  end

  def packages_read = @last_read.size

  # What the README says of it.
  def report
    hours = ->(seconds) { "#{(seconds / 3600.0).round(1)} hours" }
    exact = ->(number) { number.to_fs(:delimited) }
    [
      "#{exact[names.size]} organisations with #{packages} packages each, #{@days} days",
      "#{@collectors} #{"collector".pluralize(@collectors)}, killed #{exact[kills]} times, #{exact[rounds]} rounds begun",
      "pages: #{exact[pages_by_day.values.sum]}; the most on a day #{exact[pages_by_day.values.max]}, on the last one #{exact[pages_by_day[@days - 1]]}, of #{exact[DAY_OF_PAGES]}",
      "packages never read: #{exact[names.size * packages - packages_read]}; all were read for the first time within #{hours[longest[:first]]}",
      "the longest time between two readings: #{hours[longest[:unruled]]} of a package that is read with every round (#{hours[longest[:unruled_lately]]} in the last third of the days)",
      "and #{hours[longest[:ruled]]} of one that stands still, at most #{hours[longest[:late]]} after its rule (#{hours[longest[:late_lately]]} in the last third)",
      "gaps in the daily downloads: #{longest[:gaps]}"
    ].join("\n")
  end

  private
    # Fetches the pages of the process's request. Other processes begin a round, or are killed, meanwhile.
    def serve(process)
      process.pages.times do
        @now += @pause
        @pages_by_day[today] += 1
        wake_processes
        return if kill_processes(process) || over?
      end
      continue process
    end

    # Lets the process compute until its next request.
    def continue(process, order = :go)
      process.continue(order)
      @queue << process if process.pages
    end

    # Nobody makes a request: a process that waits for its next round is not killed.
    def sleep_until_next_round
      @now = [ @processes.filter_map(&:wakes_at).min, @ending ].min
      @kill_times.shift while next_kill_at <= now
      wake_processes
    end

    def wake_processes
      @processes.each { |process| continue process if process.wakes_at && process.wakes_at <= now && !over? }
    end

    # Kills one process at each time that has come. Returns whether the process that is being served was killed.
    def kill_processes(served)
      killed = false
      while next_kill_at <= now && !over?
        @kill_times.shift
        victim = [ *(served unless killed), *@queue ].sample(random: @random)
        killed ||= victim == served
        @queue.delete victim
        @kills += 1
        continue victim, :kill
      end
      killed
    end

    def next_kill_at
      return @ending if @kills_an_hour.zero?

      while @kill_times.empty?
        @kill_times = Array.new(@kills_an_hour) { @kills_set_until + @random.rand(3600) }.sort
        @kills_set_until += 3600
      end
      @kill_times.first
    end

    # +rule+: the seconds for which the package was to be left out; nil for one that is read with every round.
    def count_wait(seconds, rule)
      longest[:gaps] += 1 if seconds >= 29 * 86_400
      if rule
        longest[:ruled] = [ longest[:ruled], seconds ].max
        longest[:late] = [ longest[:late], seconds - rule ].max
        longest[:late_lately] = [ longest[:late_lately], seconds - rule ].max if now > @last_third
      else
        longest[:unruled] = [ longest[:unruled], seconds ].max
        longest[:unruled_lately] = [ longest[:unruled_lately], seconds ].max if now > @last_third
      end
    end
end

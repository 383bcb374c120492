require "test_helper"

# Several collectors on one PostgreSQL database, as several pods are: each takes an organisation that no other one has, they
# share the pause between two requests, and some are killed.
class Collection::SeveralTest < ActiveSupport::TestCase
  include Processes

  self.use_transactional_tests = false

  ORGS = (1..6).map { |number| "several-#{number}" }.freeze
  PACKAGES = 8
  COLLECTORS = 3
  KILLS = Integer(ENV.fetch("KILLS", 100)) / 4
  PAUSE = 0.01
  POLICY = Collection::RequestPolicy.new(pause: PAUSE, concurrency: 1, max_rate_limit_wait: 0, max_attempts: 1, retry_delay: 0)

  # Writes the beginning and the end of each request to a file of all processes. A request is one page of GitHub's.
  class LoggedComponent < ScriptedComponent
    def initialize(log)
      super((1..PACKAGES).to_h { |number| [ "p#{number}", number * 1000 ] }, now: Time.current)
      @log = File.open(log, "a").tap { |file| file.sync = true }
    end

    private
      def answer(...)
        @log.write "#{Process.pid} begin #{now_in_seconds}\n"
        super.tap { @log.write "#{Process.pid} end #{now_in_seconds}\n" }
      end

      def now_in_seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  setup do
    start_over
    @log = Tempfile.new("requests")
  end

  teardown do
    @log.close!
    start_over
  end

  test "several collectors read each organisation once, and GitHub gets one request at a time with a pause after each" do
    on_postgresql do
      children = Array.new(COLLECTORS) { collector }
      children.each { |child| assert_predicate child.wait, :success?, child.output.read }
      assert_everything_read
      assert_equal [ 1 ], collections.distinct.pluck(:runs)
      assert_equal ORGS.size * (1 + 2 * PACKAGES), assert_paused
      assert_operator requests.map(&:first).uniq.size, :>, 1, "more than one of them had work"
    end
  end

  test "collectors that are killed lose their organisations to others: nothing is lost, doubled or requested too early" do
    on_postgresql do
      random = Random.new(Integer(ENV.fetch("KILL_SEED", Random.new_seed % 1_000_000)))
      children, killed = Array.new(COLLECTORS) { collector }, 0
      until everything_read? || killed == KILLS
        seen = requests.size
        sleep PAUSE / 2 until requests.size > seen + random.rand(8) || everything_read?
        index = random.rand(COLLECTORS)
        killed += 1 if children[index].kill.signaled?
        children[index] = collector
      end
      children.each { |child| assert_predicate child.wait, :success?, child.output.read }
      assert_predicate collector.wait, :success?, "resumes what a collector has left that was killed last"
      assert_everything_read
      assert_paused
      assert_operator killed, :>, COLLECTORS, "seed #{random.seed}"
      assert_operator collections.maximum(:runs), :>, 1, "seed #{random.seed}"
      puts "#{killed} kills of #{COLLECTORS} collectors, seed #{random.seed}"
    end
  end

  test "a collection by hand of an organisation that is being collected is refused" do
    on_postgresql do
      holder = lock_holder(ORGS.first)
      error = assert_raises(Collection::Lock::Taken) { run_round(Round.by_hand(ORGS)) }
      assert_equal "another collection of several-1 is running", error.message
      run_round(Round.new(ORGS), progress: Collection::Progress::Lines.new(lines = StringIO.new))
      assert_equal ORGS.drop(1), collections.joins(:org).order("orgs.name").pluck("orgs.name")
      assert_empty lines.string.lines.grep(/refused/), "in a round it is no error"
    ensure
      holder&.kill
    end
  end

  private
    def start_over
      Org.where(name: ORGS).destroy_all
      ActiveRecord::Base.connection_pool.with_connection { |connection| connection.execute("DELETE FROM request_times") }
    end

    # A process with a round, as one pod of a Job.
    def collector
      process { run_round(Round.new(ORGS)) }
    end

    def run_round(round, progress: Collection::Progress.new)
      round.each do |name|
        Collection.collect(name, source: "stand-in", policy: POLICY, component: LoggedComponent.new(@log.path), progress:, round:)
      end
    end

    def collections
      Collection.joins(:org).where(orgs: { name: ORGS })
    end

    def everything_read?
      collections.where(state: "finished").count == ORGS.size
    end

    # The requests' processes, beginnings and ends; a killed process has written no end.
    def requests
      begun = {}
      File.readlines(@log.path, chomp: true).each_with_object([]) do |line, requests|
        pid, event, time = line.split
        if event == "begin"
          requests << (begun[pid] = [ pid, time.to_f, nil ])
        else
          begun[pid][2] = time.to_f
        end
      end
    end

    # Returns the number of requests.
    def assert_paused
      requests.each_cons(2) do |(_, begun, ended), (_, next_begun, _)|
        assert_operator next_begun, :>=, begun
        # The pause is by the clock of the database, which may be adjusted by a little.
        assert_operator next_begun - ended, :>=, PAUSE * 0.99 if ended
      end
      requests.size
    end

    def assert_everything_read
      assert_equal [ [ "finished", PACKAGES, PACKAGES, 0 ] ] * ORGS.size, collections.pluck(:state, :packages_listed, :packages_read, :packages_failed)
      assert_equal collections.ids.to_h { |id| [ id, PACKAGES ] }, Measurement.where(collection: collections.ids).group(:collection_id).count
      packages = Package.joins(:org).where(orgs: { name: ORGS })
      assert_equal ORGS.size * PACKAGES, Measurement.where(package: packages).distinct.count(:package_id)
      assert_equal [ ORGS.size * 1000 * (1..PACKAGES).sum, 0 ], [ Org.where(name: ORGS).sum(:total), Failure.where(org: Org.where(name: ORGS)).count ]
    end
end

require "test_helper"

# A collector that is killed at random points, a hundred times: no row is lost, stored twice or incomplete.
#
# The component is a simulation in memory. Its figures are functions of the time, so that the test knows the right ones.
class Collection::KillTest < ActiveSupport::TestCase
  include Processes

  self.use_transactional_tests = false

  KILLS = Integer(ENV.fetch("KILLS", 100))
  PACKAGES = 12
  VERSIONS = 5
  FIRST = Time.utc(2026, 1, 1, 6)

  # Without a pause packages are stored in batches, with a pause one by one.
  POLICIES = [ 0, 0.0001 ].map { |pause| Collection::RequestPolicy.new(pause:, concurrency: 3, max_rate_limit_wait: 0, max_attempts: 1, retry_delay: 0) }

  # The component's answers at a time.
  class SimulatedComponent
    Contract = Component::Contract

    # Writes a dot to +output+ for each request.
    def initialize(time, output)
      @time, @output = time, output
    end

    def call = self
    def close = nil

    def packages(_org)
      @output << "."
      Contract::List.new(packages: names.map { |name| Contract::ListedPackage.new(name:, repository: "killed/#{name}") }, owner: "organization")
    end

    def measure(_org, name, **)
      @output << "."
      Contract::Reading.new(total: self.class.total(name, @time), daily: self.class.daily(@time), measured_at: @time)
    end

    def versions(_org, name, **)
      @output << "."
      (1..VERSIONS).map { |id| Contract::TaggedVersion.new(id:, tags: [ "v#{id}" ], total: self.class.version_total(name, id, @time)) }
    end

    def names
      (1..PACKAGES).map { |number| "p#{number}" }
    end

    def self.total(name, time)
      name.delete_prefix("p").to_i * 1_000 + (time - FIRST).to_i / 60
    end

    def self.version_total(name, id, time)
      total(name, time) / id
    end

    def self.daily(time)
      (0...30).to_h { |ago| [ time.to_date - ago, (time.to_date - ago).yday ] }
    end
  end

  setup { Org.where(name: "killed").destroy_all }
  teardown { Org.where(name: "killed").destroy_all }

  test "killed a hundred times" do
    seed = Integer(ENV.fetch("KILL_SEED", Random.new_seed % 1_000_000))
    random = Random.new(seed)
    time = FIRST
    collect_in_a_process(time).wait
    finished, killed_while_running, seen = 1, 0, {}

    KILLS.times do |round|
      # An unfinished collection is resumed after an hour, and abandoned after half a day. The dates change, too.
      time += [ 1.hour, 1.hour, 1.hour, 7.hours, 13.hours ].sample(random:)
      child = collect_in_a_process(time, POLICIES[round % 2])
      # Killed after a number of requests or at the collection's end, and at any point of the writing that follows.
      child.output.read(random.rand(1..PACKAGES + 1))
      sleep random.rand * 0.02
      status = child.kill
      killed_while_running += 1 if status.signaled?

      context = "round #{round} of seed #{seed}"
      seen = assert_nothing_lost(seen, context)
      assert_every_package_consistent(context)
      next unless (round % 10).zero?

      time += 1.hour
      child = collect_in_a_process(time)
      assert_predicate child.wait, :success?, "#{child.output.read} (#{context})"
      finished += 1
      assert_finished_at(time, context)
    end

    assert_operator killed_while_running, :>, KILLS / 2, "most kills hit a running collection (seed #{seed})"
    puts "#{ActiveRecord::Base.lease_connection.adapter_name}: #{KILLS} kills, #{killed_while_running} of them in a collection, #{finished} collections finished, seed #{seed}"
  end

  test "two at once: one collects, the other raises Taken and stores nothing" do
    5.times do |round|
      time = FIRST + round.hours
      children = Array.new(2) { collect_in_a_process(time) }
      outcomes = children.map { |child| [ child.output.read, child.wait.success? ] }
      # The second may also start after the first has ended; then nothing remains to be collected.
      assert outcomes.any?(&:last), outcomes.inspect
      assert outcomes.reject(&:last).all? { |output, _| output.include?("Collection::Lock::Taken") }, outcomes.inspect
      assert_finished_at(time, "round #{round}")
      assert_equal round + 1, org.collections.count
    end
  end

  def time_limit = super + 3 * KILLS

  private
    def collect_in_a_process(time, policy = POLICIES.first)
      process do |output|
        Collection.collect("killed", source: "stand-in", policy:, clock: -> { time }, component: SimulatedComponent.new(time, output))
      end
    end

    def org
      Org.find_by!(name: "killed")
    end

    # Committed measurements are still stored.
    def assert_nothing_lost(seen, context)
      now = Measurement.joins(:package).where(packages: { org_id: org.id }).pluck(:package_id, :at, :total).to_h { |package_id, at, total| [ [ package_id, at ], total ] }
      assert_empty seen.to_a - now.to_a, "a measurement is missing or has changed (#{context})"
      now
    end

    # At any time: the rows of a package agree with each other and with the simulation. Each table is read once.
    def assert_every_package_consistent(context)
      packages = org.packages.index_by(&:id)
      measurements, days, downloads, versions = [ Measurement.order(:at), Package::Day, DailyDownload, Version.order(:github_id) ]
        .map { |rows| rows.where(package_id: packages.keys).group_by(&:package_id).tap { |groups| groups.default = [] } }
      packages.each do |id, package|
        about = "#{package.name}, #{context}"
        assert_measured measurements[id], package, about
        last = measurements[id].last or next
        assert_equal measurements[id].group_by { |measurement| measurement.at.to_date }.transform_values { |of_day| of_day.last.total },
          days[id].select(&:total).to_h { |day| [ day.date, day.total ] }, about
        assert_empty SimulatedComponent.daily(last.at).to_a - downloads[id].map { |day| [ day.date, day.count ] }, about
        assert_equal [ last.at.to_date ], downloads[id].select { |day| !day.settled && day.date >= last.at.to_date }.map(&:date), about
        assert_versions versions[id], package, about
      end
      assert_version_days versions.values.flatten, context
      assert_collections measurements.values.flatten, context
    end

    def assert_measured(measurements, package, about)
      measurements.each { |measurement| assert_equal SimulatedComponent.total(package.name, measurement.at), measurement.total, about }
      assert measurements.none?(&:fell), about
      assert_equal measurements.map(&:collection_id).uniq, measurements.map(&:collection_id), "measured twice in a collection: #{about}"
      last = measurements.last
      assert_equal [ last&.total, last&.at, last&.collection_id ], [ package.total, package.measured_at, package.collection_id ], about
    end

    def assert_versions(versions, package, about)
      at = package.versions_measured_at or return assert_empty(versions, about)
      assert_equal (1..VERSIONS).map { |id| [ id, SimulatedComponent.version_total(package.name, id, at), at ] },
        versions.map { |version| [ version.github_id, version.total, version.last_read_at ] }, about
    end

    def assert_version_days(versions, context)
      newest = Version::Day.where(version_id: versions.map(&:id)).order(:date).pluck(:version_id, :total).to_h
      assert_equal versions.to_h { |version| [ version.id, version.total ] }, newest, context
    end

    def assert_collections(measurements, context)
      collections = org.collections.to_a
      assert_operator collections.count { |collection| collection.finished_at.nil? }, :<=, 1, context
      read = measurements.map(&:collection_id).tally
      collections.each do |collection|
        assert_equal read.fetch(collection.id, 0), collection.packages_read, "#{collection.state} collection of #{collection.started_at}, #{context}"
      end
    end

    # After a collection that was not killed: every package is stored once.
    def assert_finished_at(time, context)
      assert_every_package_consistent(context)
      collection = org.last_collection
      assert_equal [ "finished", PACKAGES, PACKAGES, 0 ], collection.values_at(:state, :packages_listed, :packages_read, :packages_failed), context
      assert_equal PACKAGES, Measurement.where(collection:).distinct.count(:package_id), context
      assert_empty org.collections.unfinished, context
      assert_equal org.packages.sum(:total), org.total, context
      assert_equal org.total, org.days.chronological.last.total, context
      # The remaining packages of an abandoned collection have failures; there are no others.
      assert_equal [ "interrupted" ], org.failures.distinct.pluck(:kind) | [ "interrupted" ], context
      org.collections.where(state: "abandoned").each do |abandoned|
        # Killed before the list was stored.
        next if abandoned.packages_listed.nil?
        assert_equal PACKAGES, abandoned.packages_read + abandoned.packages_failed, "collection of #{abandoned.started_at}, #{context}"
      end
      # Some of them before it was killed, which may have been on the day before.
      org.packages.each { |package| assert_includes collection.started_at..time, package.measured_at, "#{package.name}, #{context}" }
    end
end

require "test_helper"
require Rails.root.join("lib/simulation")
require Rails.root.join("lib/simulation/process")
require Rails.root.join("lib/simulation/model")
require Rails.root.join("lib/simulation/stored")

# Rounds over weeks with two collectors, two of which are killed in each hour. With SQLite there is one collector.
class SimulationTest < ActiveSupport::TestCase
  # Each collector has a connection of its own, as its lock is that of a connection.
  self.use_transactional_tests = false

  # A round takes more than an hour, so that collectors are killed in each.
  SMALL = { orgs: 3, packages: 3, days: 36, interval: 86_400, pause: 180, moving: 35, seldom: 15 }.freeze

  teardown { Org.where("name LIKE 'org-%'").destroy_all }

  test "the collectors read every package within its rule, and the model reads the same pages at the same times" do
    travel_to Simulation::BEGINNING + 41.days
    collectors = Database.postgresql? ? 2 : 1
    real = Simulation.new(**SMALL, collectors:).run(Simulation::Stored.new)
    ids = Package.joins(:org).where(orgs: { name: real.names }).pluck("orgs.name", "packages.name", :id).to_h { |*names, id| [ names.map { |name| name[/\d+/].to_i }, id ] }
    model = Simulation.new(**SMALL, collectors:).then { |simulation| simulation.run(Simulation::Model.new(simulation, ids: ->(*numbers) { ids.fetch(numbers) })) }
    assert_equal [ real.pages_by_day, real.kills, real.rounds, real.now ], [ model.pages_by_day, model.kills, model.rounds, model.now ]
    assert_operator real.kills, :>, 10
    assert_rules_kept real, model
    assert_stored real, ids
  end

  test "a larger fleet" do
    model = Simulation.new(orgs: 20, packages: 10, days: 40, pause: 60, collectors: 3).then { |simulation| simulation.run(Simulation::Model.new(simulation)) }
    assert_equal 200, model.packages_read
    assert_operator model.pages_by_day.values.max, :<=, 86_400 / 60
    assert_equal 0, model.longest[:gaps]
    assert_operator model.longest[:late], :<, 26.hours
    assert_operator model.longest[:unruled], :<, 1.day
    assert_match(/\A20 organisations with 10 packages each, 40 days\n3 collectors, killed [\d,]+ times/, model.report)
  end

  private
    # Only the model keeps the times of readings: the collector's are in its database.
    def assert_rules_kept(real, model)
      assert_equal 9, model.packages_read
      assert_equal 0, model.longest[:gaps]
      # A package that is due just after a round began is read by the next one.
      assert_operator model.longest[:late], :<, 30.hours
      assert_operator model.longest[:unruled], :<, 30.hours
      times = Measurement.joins(package: :org).where(orgs: { name: real.names }).order(:at).pluck(:package_id, :at).group_by(&:first).transform_values { |rows| rows.map(&:last) }
      waits = times.values.flat_map { |each| [ *each, real.now ].each_cons(2).map { |one, other| other - one } }
      assert_equal [ model.longest[:unruled], model.longest[:ruled] ].max, waits.max
    end

    # Each day that GitHub showed, once and right; and the totals of the last reading.
    def assert_stored(real, ids)
      ids.each do |(org, number), id|
        package = Package.find(id)
        days = package.daily_downloads.chronological.pluck(:date, :count)
        last = package.measured_at.to_date
        first = Simulation::BEGINNING.to_date
        assert_equal ((first - 29)..last).map { |date| [ date, date < first ? 0 : real.downloads(org, number, (date - first).to_i) ] }, days, package.name
        assert_equal 1_000 + (0..(last - first).to_i).sum { |day| real.downloads(org, number, day) }, package.total
      end
      assert_equal %w[finished], Collection.joins(:org).where(orgs: { name: real.names }).where.not(finished_at: nil).distinct.pluck(:state)
      assert_empty Failure.joins(:org).where(orgs: { name: real.names })
    end
end

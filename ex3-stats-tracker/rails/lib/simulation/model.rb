# What Collection::Runner and Round decide, by the same Turn and Pace, without a database.
class Simulation::Model
  # +taken+: a collector has its lock.
  Organisation = Struct.new(:number, :name, :packages, :ended, :finished, :unfinished, :runs, :taken) do
    def turn = [ ended, (unfinished if runs.to_i >= Turn::MAX_RUNS) ].compact.max
  end
  # The columns of the table.
  Row = Struct.new(:id, :number, :total, :measured_at, :moved_at, :resting_until, :versions_measured_at, :collection) do
    def failing? = false
  end

  # +ids+ returns a package's id by the numbers of its organisation and its own.
  def initialize(simulation, ids: ->(org, number) { org * simulation.packages + number })
    @orgs = simulation.names.each.with_index(1).map do |name, number|
      Organisation.new(number, name, (1..simulation.packages).map { |package| Row.new(ids[number, package], package) })
    end
  end

  # +process+: a Simulation::Process.
  def round(process)
    began, recent = process.now, process.now - Round::RECENTLY
    remaining = @orgs.reject { |org| org.finished && org.finished > recent && org.finished <= process.now }
    while (org = Turn.in_order(remaining, &:turn).find { |each| !each.taken })
      raise Simulation::Killed if process.over?
      remaining.delete org
      collect org, process unless read?(org, began, process.now)
    end
  end

  private
    def read?(org, began, now)
      org.finished && org.finished.between?([ began, now - Round::RECENTLY ].min, now)
    end

    def collect(org, process)
      org.taken = true
      begin_or_resume org, process.now
      begun_at = process.now
      process.fetch process.list_pages
      Turn.in_order(org.packages, &:measured_at)
        .select { |package| total_wanted?(package, org, begun_at) || versions_wanted?(package, nil, begun_at, process.now) }
        .each { |package| read package, org, begun_at, process }
      org.ended = org.finished = org.unfinished
      org.unfinished = org.runs = nil
    ensure
      org.taken = false
    end

    def begin_or_resume(org, now)
      if org.unfinished && org.unfinished >= now - Collection::RESUMABLE
        org.runs += 1
      else
        org.ended = org.unfinished if org.unfinished
        org.unfinished, org.runs = now, 1
      end
    end

    def read(package, org, begun_at, process)
      reading = nil
      if total_wanted?(package, org, begun_at)
        process.fetch 1
        reading, at = process.total(org.number, package.number), process.now
      end
      if versions_wanted?(package, reading, begun_at, process.now)
        process.fetch 1
        versions_at = at || process.now
      end
      # From here on nothing is killed: a package is stored whole or not at all.
      if reading
        package.moved_at = at unless package.total == reading && package.moved_at
        package.total, package.measured_at, package.collection = reading, at, org.unfinished
        package.resting_until = Pace::RARELY.resting_until(package.id, moved_at: package.moved_at, measured_at: at)
        process.read org.number, package.number, at, package.resting_until
      end
      package.versions_measured_at = versions_at if versions_at
    end

    def total_wanted?(package, org, begun_at)
      package.collection != org.unfinished && Pace::RARELY.total_due?(package, begun_at)
    end

    Reading = Struct.new(:total)

    def versions_wanted?(package, total, begun_at, now)
      package.versions_measured_at&.to_date != now.to_date && Pace::RARELY.versions_due?(package, total && Reading.new(total), begun_at)
    end
end

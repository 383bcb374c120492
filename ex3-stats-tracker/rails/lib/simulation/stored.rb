# The real collector, with a database. Simulation::Client is a double of Component, which answers from the simulation.
class Simulation::Stored
  POLICY = Collection::RequestPolicy.new(pause: 0, concurrency: 1, max_rate_limit_wait: 0, max_attempts: 1, retry_delay: 0)

  # As bin/rails stats:collect.
  def round(simulation)
    round = Round.new(simulation.names, clock: -> { simulation.now })
    round.each(due: round.due) do |name|
      raise Simulation::Killed if simulation.over?
      Collection.collect(name, source: "stand-in", policy: POLICY, clock: -> { simulation.now }, component: Client.new(simulation), pace: Pace::RARELY, round:)
    end
  end

  class Client
    Contract = Component::Contract

    def initialize(simulation) = @simulation = simulation
    def call = self
    def close = nil

    def packages(_org)
      @simulation.fetch @simulation.list_pages
      Contract::List.new(packages: (1..@simulation.packages).map { |number| Contract::ListedPackage.new(name: "p#{number}", repository: nil) }, owner: "organization")
    end

    def measure(org, name, **)
      @simulation.fetch 1
      numbers = [ org, name ].map { |text| text[/\d+/].to_i }
      daily = (0...30).to_h { |ago| [ @simulation.now.to_date - ago, @simulation.today < ago ? 0 : @simulation.downloads(*numbers, @simulation.today - ago) ] }
      Contract::Reading.new(total: @simulation.total(*numbers), daily:, measured_at: @simulation.now)
    end

    def versions(org, name, **)
      @simulation.fetch 1
      [ Contract::TaggedVersion.new(id: 1, tags: %w[v1], total: @simulation.total(*[ org, name ].map { |text| text[/\d+/].to_i })) ]
    end
  end
end

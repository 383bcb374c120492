# The real collector, with a database. Simulation::Client is a double of Component, which answers from the simulation.
class Simulation::Stored
  POLICY = Collection::RequestPolicy.new(pause: 0, concurrency: 1, max_rate_limit_wait: 0, max_attempts: 1, retry_delay: 0)

  # As bin/rails stats:collect. +process+: a Simulation::Process.
  def round(process)
    round = Round.new(process.names, clock: -> { process.now })
    round.each do |name|
      raise Simulation::Killed if process.over?
      Collection.collect(name, source: "stand-in", policy: POLICY, clock: -> { process.now }, component: Client.new(process), pace: Pace::RARELY, round:)
    end
  end

  class Client
    Contract = Component::Contract

    def initialize(process) = @process = process
    def call = self
    def close = nil

    def packages(_org)
      @process.fetch @process.list_pages
      Contract::List.new(packages: (1..@process.packages).map { |number| Contract::ListedPackage.new(name: "p#{number}", repository: nil) }, owner: "organization")
    end

    def measure(org, name, **)
      @process.fetch 1
      numbers = [ org, name ].map { |text| text[/\d+/].to_i }
      daily = (0...30).to_h { |ago| [ @process.now.to_date - ago, @process.today < ago ? 0 : @process.downloads(*numbers, @process.today - ago) ] }
      Contract::Reading.new(total: @process.total(*numbers), daily:, measured_at: @process.now)
    end

    def versions(org, name, **)
      @process.fetch 1
      [ Contract::TaggedVersion.new(id: 1, tags: %w[v1], total: @process.total(*[ org, name ].map { |text| text[/\d+/].to_i })) ]
    end
  end
end

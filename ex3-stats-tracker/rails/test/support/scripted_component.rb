# A test double of Component: it has scripted answers, and records the requests.
class ScriptedComponent
  Contract = Component::Contract

  # +hints_by_name+: the parameters of the last request for each package beside its name.
  attr_reader :requests, :max_concurrency, :hints_by_name
  attr_accessor :now

  # +packages+: name → a total, a problem, or a list of them for one request after another; the last answer repeats.
  def initialize(packages, now: Time.utc(2026, 5, 11, 12), list: nil, versions: {}, repositories: {}, owner: nil)
    @packages, @now, @list, @versions, @repositories = packages, now, list, versions, repositories
    @owner, @hints_by_name = owner, {}
    @requests, @in_progress, @max_concurrency, @mutex = [], 0, 0, Mutex.new
  end

  # Collection::Runner calls it for a new connection.
  def call
    self
  end

  def close
  end

  def packages(_org)
    answer("list") do
      raise @list.call if @list.respond_to?(:call) && @list.call.is_a?(Exception)
      Contract::List.new(packages: @packages.keys.map { |name| Contract::ListedPackage.new(name:, repository: @repositories[name]) }, owner: @owner)
    end
  end

  def measure(_org, name, **hints)
    @hints_by_name[name] = hints
    answer(name) do |times|
      answers = Array(@packages.fetch(name))
      total = answers[[ times, answers.size - 1 ].min]
      raise total if total.is_a?(Exception)
      Contract::Reading.new(total:, daily: daily(total), measured_at: now)
    end
  end

  def versions(_org, name, **hints)
    @hints_by_name["#{name}/versions"] = hints
    answer("#{name}/versions") do
      versions = @versions.fetch(name, [])
      raise versions if versions.is_a?(Exception)
      versions.map { |id, total| Contract::TaggedVersion.new(id:, tags: [ "v#{id}" ], total:) }
    end
  end

  private
    def answer(request)
      times = @mutex.synchronize do
        @max_concurrency = [ @max_concurrency, @in_progress += 1 ].max
        @requests << request
        @requests.count(request) - 1
      end
      # Gives other threads time to make a request meanwhile.
      sleep 0.001
      yield times
    ensure
      @mutex.synchronize { @in_progress -= 1 }
    end

    # 30 days, the newest first.
    def daily(total)
      (0...30).to_h { |days| [ now.to_date - days, total / 1000 + days ] }
    end
end

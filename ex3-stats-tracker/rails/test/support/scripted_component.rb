# A component in memory: what it is asked for is answered by a script, and noted.
class ScriptedComponent
  Contract = Component::Contract

  # +hinted+: what was said of each package beside its name.
  attr_reader :asked, :most_at_once, :hinted
  attr_accessor :now

  # +packages+: name → a total, a problem, or a list of them that is answered one after the other, the last for ever.
  def initialize(packages, now: Time.utc(2026, 5, 11, 12), list: nil, versions: {}, repositories: {}, owner: nil)
    @packages, @now, @list, @versions, @repositories = packages, now, list, versions, repositories
    @owner, @hinted = owner, {}
    @asked, @under_way, @most_at_once, @mutex = [], 0, 0, Mutex.new
  end

  # What a pass makes its connections with.
  def call
    self
  end

  def close
  end

  def packages(_org)
    ask("list") do
      raise @list.call if @list.respond_to?(:call) && @list.call.is_a?(Exception)
      Contract::List.new(packages: @packages.keys.map { |name| Contract::Listed.new(name:, repository: @repositories[name]) }, owner: @owner)
    end
  end

  def measure(_org, name, **hints)
    @hinted[name] = hints
    ask(name) do |times|
      answers = Array(@packages.fetch(name))
      answer = answers[[ times, answers.size - 1 ].min]
      raise answer if answer.is_a?(Exception)
      Contract::Reading.new(total: answer, daily: daily(answer), measured_at: now)
    end
  end

  def versions(_org, name, **hints)
    @hinted["#{name}/versions"] = hints
    ask("#{name}/versions") do
      versions = @versions.fetch(name, [])
      raise versions if versions.is_a?(Exception)
      versions.map { |id, total| Contract::Tagged.new(id:, tags: [ "v#{id}" ], total:) }
    end
  end

  private
    def ask(what)
      times = @mutex.synchronize do
        @most_at_once = [ @most_at_once, @under_way += 1 ].max
        @asked << what
        @asked.count(what) - 1
      end
      # Lets another thread come in between, if one may.
      sleep 0.001
      yield times
    ensure
      @mutex.synchronize { @under_way -= 1 }
    end

    # 30 days, the newest first.
    def daily(total)
      (0...30).to_h { |days| [ now.to_date - days, total / 1000 + days ] }
    end
end

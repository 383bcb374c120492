require_relative "plain_client"

# What a pass costs beyond its requests: timed beside plain clients that ask for the same, as many at a time, and throw
# the answers away. One asks the component, as the pass does; the other the stand-in for the pages that the component
# asked it for, so that nothing is read from them.
class CollectionTimings
  # The best of its runs: what disturbs a run makes it longer, and never shorter.
  Result = Data.define(:name, :requests, :seconds) do
    def best = seconds.min

    def to_s
      format("%-32s %5d requests  best %6.2f s  of %s", name, requests, best, seconds.map { |each| each.round(2) }.join(", "))
    end
  end

  def initialize(org, manners: Collection::Manners.towards("stand-in"), stand_in: StandIn.from_environment)
    manners.pause.zero? or raise ArgumentError, "a pass with a pause of #{manners.pause} s takes as long as its pauses: unset STATS_TRACKER_PAUSE"
    @org, @manners, @stand_in = org, manners, stand_in
  end

  def concurrency = @manners.concurrency

  # In turn, so that whatever the machine does meanwhile is done to all of them.
  def run(times)
    taken = { pages: [], answers: [], pass: [] }
    Org.where(name: @org).destroy_all
    # The first finds out what there is to ask for.
    @time = Time.current.change(usec: 0) - times.days
    pass
    times.times do
      @time += 1.day
      taken[:pages] << seconds { fetch(@pages, from: @stand_in.url) }
      taken[:answers] << seconds { fetch(@answers, from: Component.url) }
      taken[:pass] << pass
    end
    { pages: [ "plain client, of the stand-in", @pages ], answers: [ "plain client, of the component", @answers ], pass: [ "pass", @answers ] }
      .to_h { |key, (name, paths)| [ key, Result.new(name:, requests: paths.size, seconds: taken[key]) ] }
  ensure
    @stand_in.run_clock
    Org.where(name: @org).destroy_all
  end

  def packages = (@answers.size - 1) / 2

  private
    # A pass a day after the one before, so that versions are read and growth is told.
    def pass
      @stand_in.now = @time
      @stand_in.clear_log
      collection = nil
      taken = seconds { collection = Collection.collect(@org, source: "stand-in", manners: @manners, clock: -> { @time }) }
      collection.finished? && collection.packages_failed.zero? && collection.packages_read.positive? or raise "the pass did not read everything: #{collection.summary}"
      @pages = @stand_in.log.fetch("requests").pluck("path")
      @answers = collection.org.packages.ordered.pluck(:name).flat_map { |name|
        path = "/orgs/#{@org}/packages/#{ERB::Util.url_encode(name)}"
        [ path, "#{path}/versions" ]
      }.unshift("/orgs/#{@org}/packages")
      taken
    end

    # The first is the list, which comes before all others.
    def fetch(paths, from:)
      client = PlainClient.new(from, encoding: "identity")
      client.get paths.first
      client.get_all paths.drop(1), at_a_time: concurrency
    end

    def seconds
      GC.start
      began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      yield
      Process.clock_gettime(Process::CLOCK_MONOTONIC) - began
    end
end

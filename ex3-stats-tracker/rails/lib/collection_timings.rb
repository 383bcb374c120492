require_relative "plain_client"

# Measures the cost of a collection beyond its requests. It is timed beside two plain clients that make the same requests,
# as many at a time, and discard the answers. One asks the component, as a collection does. The other asks the stand-in for
# the same pages as the component does, so that no page is parsed.
class CollectionTimings
  # The shortest run counts: disturbances only make a run longer.
  Result = Data.define(:name, :requests, :seconds) do
    def best = seconds.min

    def to_s
      format("%-32s %5d requests  best %6.2f s  of %s", name, requests, best, seconds.map { |each| each.round(2) }.join(", "))
    end
  end

  def initialize(org, policy: Collection::RequestPolicy.for("stand-in"), stand_in: StandIn.from_environment)
    policy.pause.zero? or raise ArgumentError, "a collection with a pause of #{policy.pause} s takes as long as its pauses: unset STATS_TRACKER_PAUSE"
    @org, @policy, @stand_in = org, policy, stand_in
  end

  def concurrency = @policy.concurrency

  # The three are timed in turn, so that disturbances of the machine affect all of them.
  def run(times)
    taken = { pages: [], answers: [], collection: [] }
    Org.where(name: @org).destroy_all
    # The first collection only finds the paths to request.
    @time = Time.current.change(usec: 0) - times.days
    collect
    times.times do
      @time += 1.day
      taken[:pages] << seconds { fetch(@pages, from: @stand_in.url) }
      taken[:answers] << seconds { fetch(@answers, from: Component.url) }
      taken[:collection] << collect
    end
    { pages: [ "plain client, of the stand-in", @pages ], answers: [ "plain client, of the component", @answers ], collection: [ "collection", @answers ] }
      .to_h { |key, (name, paths)| [ key, Result.new(name:, requests: paths.size, seconds: taken[key]) ] }
  ensure
    @stand_in.run_clock
    Org.where(name: @org).destroy_all
  end

  def packages = (@answers.size - 1) / 2

  private
    # Each collection is a day after the one before, so that versions are read and growth is computed.
    def collect
      @stand_in.now = @time
      @stand_in.clear_log
      collection = nil
      taken = seconds { collection = Collection.collect(@org, source: "stand-in", policy: @policy, clock: -> { @time }) }
      collection.finished? && collection.packages_failed.zero? && collection.packages_read.positive? or raise "the collection did not read everything: #{collection.summary}"
      @pages = @stand_in.log.fetch("requests").pluck("path")
      @answers = collection.org.packages.ordered.pluck(:name).flat_map { |name|
        path = "/orgs/#{@org}/packages/#{ERB::Util.url_encode(name)}"
        [ path, "#{path}/versions" ]
      }.unshift("/orgs/#{@org}/packages")
      taken
    end

    # The first path is the list, which a collection requests before all others.
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

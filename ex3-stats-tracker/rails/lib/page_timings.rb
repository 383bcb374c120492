require "etc"
require_relative "plain_client"

# Measures response times under a constant load, and the server's memory. It starts its own puma in the production
# environment, with this process's database.
class PageTimings
  # +bytes+: the page's size. +sent+: its compressed size. +busy+: the server's CPU time for a request, in milliseconds.
  Result = Data.define(:path, :bytes, :sent, :busy, :requests, :milliseconds) do
    def percentile(percent)
      milliseconds.sort[[ (requests * percent / 100.0).ceil - 1, 0 ].max].round(1)
    end

    def to_s
      format("%-53s %4d KB, sent as %3d KB  computes %5.1f ms  median %6.1f ms  p95 %6.1f ms  p99 %6.1f ms", path, bytes / 1000,
        sent / 1000, busy, *[ 50, 95, 99 ].map { |percent| percentile(percent) })
    end
  end

  TIMEOUT = 60

  # The dashboard's pages, the data of their charts, and the endpoints for programs.
  PATHS = %w[
    /orgs/benchmark /orgs/benchmark/packages/package-100 /api/chart/benchmark.json
    /api/chart/benchmark/package-100.json?versions=6 /api/packages/benchmark.json /metrics
    /orgs/benchmark?sort=name&range=1y /compare?packages=benchmark/package-001,benchmark/package-002&range=1y
    /api/days/benchmark/package-050.csv /badges/benchmark.svg /feeds/benchmark.atom /readyz
  ].freeze

  BADGE = "/badges/benchmark.svg"

  # The longest ranges that are answered, of the most expensive answers.
  HOSTILE = %w[
    /api/chart/benchmark/package-100.json?versions=20&range=all
    /compare?packages=benchmark/package-001,benchmark/package-002,benchmark/package-003,benchmark/package-004&from=1970-01-01&until=2200-01-01
    /orgs/benchmark?from=1970-01-01&until=2200-01-01 /api/days/benchmark/package-050.csv?from=1970-01-01&until=2200-01-01
  ].freeze
  HOSTILE_CLIENTS = 8

  # The requests that are made before a measurement: a process's first ones take several times as long.
  WARMING_UP = 200

  def self.serving(port: free_port)
    environment = { "RAILS_ENV" => "production", "SECRET_KEY_BASE" => SecureRandom.hex(64), "PORT" => port.to_s,
      "RAILS_LOG_LEVEL" => "warn", "BINDING" => "127.0.0.1" }
    server = spawn(environment, "puma", chdir: Rails.root.to_s, out: File::NULL)
    timings = new(port, server)
    timings.wait_until_ready
    yield timings
  ensure
    if server
      Process.kill :TERM, server
      Process.wait server
    end
  end

  # A port below those of outgoing connections: one that port 0 finds could be another connection's before Puma listens.
  def self.free_port
    (20_000...32_000).to_a.shuffle.find do |port|
      TCPServer.open("127.0.0.1", port) { true }
    rescue Errno::EADDRINUSE
      false
    end
  end

  def initialize(port, server)
    @server = server
    @client = PlainClient.new("http://127.0.0.1:#{port}", encoding: "gzip")
  end

  # Requests the path at a fixed rate for so many seconds, whether or not the answers keep up. A request's time counts from
  # the moment at which it was due, so that a slow server can't slow down the measurement (coordinated omission).
  def at_rate(path, per_second:, seconds:)
    sent = @client.get(path)
    computed, began = computing, monotonic
    taken = Thread::Queue.new
    due = Array.new(per_second * seconds) { |number| began + number.to_f / per_second }
    @client.each(due, at_a_time: 8) do |at, http|
      sleep [ at - monotonic, 0 ].max
      @client.get path, http
      taken << (monotonic - at) * 1000
    end
    Result.new(path:, bytes: Zlib.gunzip(sent).bytesize, sent: sent.bytesize, busy: (computing - computed) * 1000 / taken.size,
      requests: taken.size, milliseconds: Array.new(taken.size) { taken.pop })
  end

  # Makes +count+ requests, three at a time, as fast as they are answered: half of them for packages' pages, half for the
  # other paths in turn.
  def ask_in_turn(count)
    paths = Array.new(count) do |number|
      number.even? ? "/orgs/benchmark/packages/package-#{format("%03d", number / 2 % 200)}" : PATHS[number / 2 % PATHS.size]
    end
    @client.get_all paths, at_a_time: 3
  end

  def warm_up
    ask_in_turn WARMING_UP
  end

  # Yields while a collection stores a reading of another package of the organisation each second, as with GitHub.
  def beside_collection
    collection = fork do
      Org.find_by!(name: "benchmark").packages.cycle do |package|
        sleep 1
        package.reload
        reading = Component::Contract::Reading.new(total: package.total + 1, daily: {}, measured_at: Time.current)
        Package.transaction { Package.record({ package => reading }) }
      end
    end
    yield
    Process.wait(collection, Process::WNOHANG) and raise "the collection ended early"
  ensure
    end_process collection, :KILL if collection
  end

  # Yields while clients request the HOSTILE paths, each one at a time and as fast as they are answered or refused. They are
  # in a process of their own, so that they do not slow down the measuring client. Each has an address, as behind a proxy,
  # because the requests of this machine are not limited. Returns the number of answers by status.
  def beside_hostile_clients
    HOSTILE.each { |path| @client.get path }
    reader, writer = IO.pipe
    clients = fork do
      reader.close
      statuses, stopped = Thread::Queue.new, false
      trap(:TERM) { stopped = true }
      HOSTILE_CLIENTS.times.map { |number|
        Thread.new do
          HOSTILE.cycle do |path|
            break if stopped
            statuses << @client.status(path, "X-Forwarded-For" => "203.0.113.#{number + 1}")
          end
        end
      }.each(&:join)
      writer.write Array.new(statuses.size) { statuses.pop }.tally.to_json
      writer.close
      exit!(true)
    end
    writer.close
    yield
    Process.kill :TERM, clients
    JSON.parse(reader.read)
  ensure
    Process.wait clients
  end

  # The server's CPU time in seconds, user and system.
  def computing
    File.read("/proc/#{@server}/stat").split[13, 2].sum(&:to_i).fdiv(Etc.sysconf(Etc::SC_CLK_TCK))
  end

  # The server's resident memory in kilobytes.
  def memory
    File.read("/proc/#{@server}/status")[/^VmRSS:\s+(\d+)/, 1].to_i
  end

  def wait_until_ready
    deadline = monotonic + TIMEOUT
    begin
      @client.get "/readyz"
    rescue SystemCallError
      raise if monotonic > deadline
      sleep 0.1
      retry
    end
  end

  private
    def end_process(process, signal)
      Process.kill signal, process
      Process.wait process
    rescue Errno::ESRCH, Errno::ECHILD
      # It has ended.
    end

    def monotonic
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
end

require "net/http"

# The client of the stand-in for GitHub: reads and sets its clock and its faults over HTTP.
class StandIn
  class Refused < StandardError; end

  def self.from_environment
    url = ENV["STATS_TRACKER_STAND_IN_URL"].presence or
      raise ArgumentError, "STATS_TRACKER_STAND_IN_URL is not set: where does the stand-in listen?"
    new(url)
  end

  attr_reader :url

  def initialize(url)
    @url = url.chomp("/")
  end

  def now
    Time.iso8601(JSON.parse(ask(Net::HTTP::Get)).fetch("now")).utc
  end

  # Sets the stand-in's clock and stops it.
  def now=(time)
    ask Net::HTTP::Post, "clock", at: time.utc.iso8601
  end

  # Lets the stand-in's clock follow the system's again.
  def run_clock
    ask Net::HTTP::Delete, "clock"
  end

  # Adds a fault for a package, or for every page (*): "flagger=429:30", "*=503*2". `stand-in --help` lists the faults.
  def fail(fault)
    ask Net::HTTP::Post, "faults", set: fault
  end

  def clear_faults
    ask Net::HTTP::Delete, "faults"
  end

  # The requests so far.
  def log
    JSON.parse(ask(Net::HTTP::Get, "log"))
  end

  def clear_log
    ask Net::HTTP::Delete, "log"
  end

  private
    def ask(method, path = "", **query)
      uri = URI("#{@url}/_stand-in/#{path}")
      uri.query = query.to_query.presence
      response = Net::HTTP.start(uri.host, uri.port, nil, open_timeout: 5, read_timeout: 30) do |http|
        http.request(method.new(uri))
      end
      response.is_a?(Net::HTTPOK) or raise Refused, "the stand-in at #{@url} answered #{response.code}: #{response.body.to_s.strip}"
      response.body
    rescue SystemCallError, IOError, Timeout::Error => error
      raise Refused, "the stand-in at #{@url} did not answer: #{error.message}"
    end
end

# Waits until the conditions of the next container hold. Each argument is one condition:
#
#   database   the database accepts the login
#   migrations the database has all migrations of this image
#   component  the component answers
#
# Exits with 69 if a condition does not hold after STATS_TRACKER_WAIT seconds (300).
require "net/http"
require "pg"

deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + Integer(ENV.fetch("STATS_TRACKER_WAIT", 300))

# A condition that does not hold yet.
Missing = Class.new(StandardError)

def database
  connection = PG.connect(ENV.fetch("DATABASE_URL"), connect_timeout: 5)
  yield connection if block_given?
ensure
  connection&.close
end

checks = {
  "database" => -> { database },
  "migrations" => -> {
    database do |connection|
      existing = connection.exec("SELECT version FROM schema_migrations").column_values(0)
      missing = Dir["db/migrate/*.rb"].map { |file| File.basename(file)[/\A\d+/] } - existing
      raise Missing, "the database lacks #{missing.size} migrations" if missing.any?
    end
  },
  "component" => -> {
    url = URI("#{ENV.fetch("STATS_TRACKER_COMPONENT_URL")}/healthz")
    answer = Net::HTTP.start(url.host, url.port, open_timeout: 5, read_timeout: 5) { |http| http.get(url.path) }
    raise Missing, "#{url} answers #{answer.code}" unless answer.is_a?(Net::HTTPOK)
  }
}

ARGV.each do |name|
  check = checks.fetch(name) { abort "wait for what? #{name} is none of #{checks.keys.join(", ")}" }
  last_reason = nil
  begin
    check.call
  rescue PG::Error, Missing, SystemCallError, SocketError, IOError, Timeout::Error, Net::ProtocolError => error
    reason = error.message.lines.first.to_s.strip
    if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      warn "waited in vain for the #{name}: #{reason}"
      exit 69
    end
    warn "waiting for the #{name}: #{reason}" unless reason == last_reason
    last_reason = reason
    sleep 1
    retry
  end
end

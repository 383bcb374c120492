# Requests the dashboard's pages, its API and its metrics, and the component's health check. Exits with 1 after any
# unexpected answer.
require "json"
require "net/http"

web, component = ARGV.map { |address| URI(address) }

# Seconds. The component may have to start first.
TIMEOUT = 120

# The header is that of a gateway with TLS, so that no request is redirected to HTTPS.
def get(base, path)
  tries = 0
  begin
    Net::HTTP.start(base.host, base.port, open_timeout: 5, read_timeout: 30) { |http| http.get(path, { "X-Forwarded-Proto" => "https" }) }
  rescue SystemCallError, SocketError, IOError, Timeout::Error => error
    (tries += 1) < TIMEOUT or raise "#{base}#{path} does not answer: #{error.message}"
    sleep 1
    retry
  end
end

def check(base, path, status: 200, type:)
  answer = get(base, path)
  # With one organisation the first page redirects to it.
  answer = get(base, URI(answer["Location"]).path) if answer.is_a?(Net::HTTPRedirection)
  summary = "#{base}#{path} answers #{answer.code} #{answer["Content-Type"]}"
  body = answer.body.to_s
  answer.code == status.to_s && answer["Content-Type"].to_s.start_with?(type) or raise "#{summary}: #{body[0, 200]}"
  raise "#{summary}, but with an unexpected body: #{body[0, 200]}" if block_given? && !yield(body)
  puts summary
end

begin
  check(web, "/readyz", type: "application/json") { |body| JSON.parse(body) == { "status" => "ready" } }
  check(web, "/", type: "text/html") { |body| body.include?("</html>") }
  check(web, "/api/orgs.json", type: "application/json") { |body| JSON.parse(body)["orgs"].is_a?(Array) }
  check(web, "/metrics", type: "text/plain") { |body| body.include?("# TYPE stats_tracker_package_downloads gauge") }
  check(web, "/orgs/no-such-organisation", status: 404, type: "text/html")
  check(component, "/healthz", type: "application/json") { |body| JSON.parse(body) == { "status" => "ok" } }
rescue RuntimeError, JSON::ParserError => error
  abort error.message
end

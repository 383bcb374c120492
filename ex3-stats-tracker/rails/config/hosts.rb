require "ipaddr"

# The host names under which the dashboard answers: those of STATS_TRACKER_HOSTS, localhost, and any IP address, which
# probes and Prometheus use. This protects against DNS rebinding: a page on the Internet whose own name points to this
# machine is refused.
module Hosts
  LOCAL = [ "localhost", ".localhost", IPAddr.new("0.0.0.0/0"), IPAddr.new("::/0") ].freeze

  # A host name. A dot before it includes its subdomains.
  NAME = /\A\.?[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*\z/i

  # The paths of probes. Their answers contain no data.
  HEALTH = %w[/healthz /readyz /up].freeze

  # An empty list, for "*", allows every name.
  def self.allowed(text)
    names = text.to_s.split
    return [] if names.include?("*")

    wrong = names.reject { |name| NAME.match?(name) || address?(name) }
    wrong.empty? or raise ArgumentError, "STATS_TRACKER_HOSTS holds #{wrong.first}, which is no name of a host: " \
      "dashboard.example.org, .example.org with all that end in it, or * for any"
    LOCAL + names
  end

  def self.address?(text)
    IPAddr.new(text)
  rescue IPAddr::Error
    false
  end

  # The answer to a request for any other name.
  def self.refuse(_env)
    body = "The dashboard is not known by this name. Whoever runs it adds the name to STATS_TRACKER_HOSTS.\n"
    [ 403, { "content-type" => "text/plain; charset=utf-8", "content-length" => body.bytesize.to_s, "cache-control" => "no-store" }, [ body ] ]
  end
end

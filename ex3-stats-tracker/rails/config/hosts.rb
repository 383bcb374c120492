require "ipaddr"

# By which names the dashboard is reached: those of STATS_TRACKER_HOSTS, localhost, and any address of IP's, by which a
# cluster's probes and Prometheus ask. A page on the Internet that lets its own name point to this machine (DNS rebinding)
# is none of these.
module Hosts
  LOCAL = [ "localhost", ".localhost", IPAddr.new("0.0.0.0/0"), IPAddr.new("::/0") ].freeze

  # A name, or one with a dot in front, which its subdomains have, too.
  NAME = /\A\.?[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*\z/i

  # Probes ask for these, and learn nothing about anybody.
  HEALTH = %w[/healthz /readyz].freeze

  # Nothing to compare with where every name is right (*).
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

  # What a request with another name is answered.
  def self.refuse(_env)
    body = "The dashboard is not known by this name. Whoever runs it adds the name to STATS_TRACKER_HOSTS.\n"
    [ 403, { "content-type" => "text/plain; charset=utf-8", "content-length" => body.bytesize.to_s, "cache-control" => "no-store" }, [ body ] ]
  end
end

require "active_support/core_ext/integer/time"

Rails.application.configure do
  config.enable_reloading = false
  config.eager_load = true
  # The collector is a task: with eager loading a missing class fails at its start, not in the middle of a collection.
  config.rake_eager_load = true
  config.consider_all_requests_local = false
  config.action_controller.perform_caching = true
  config.cache_store = :memory_store, { size: 32 * 1024 * 1024 }

  config.logger = ActiveSupport::TaggedLogging.new(ActiveSupport::Logger.new($stderr).tap { |logger|
    logger.formatter = Logger::Formatter.new
  })
  config.log_tags = [ :request_id ]
  config.log_level = ENV.fetch("RAILS_LOG_LEVEL", "info")
  config.active_support.report_deprecations = false

  config.active_record.attributes_for_inspect = [ :id ]

  # The ingress terminates TLS and redirects from HTTP.
  config.assume_ssl = ENV["STATS_TRACKER_ASSUME_SSL"] == "1"

  # For an ingress that does not redirect: X-Forwarded-Proto has the protocol of the request. Probes and Prometheus use
  # HTTP inside the cluster.
  config.force_ssl = ENV["STATS_TRACKER_FORCE_SSL"] == "1"
  config.ssl_options = {
    redirect: { exclude: ->(request) { [ *Hosts::HEALTH, "/metrics" ].include?(request.path) } },
    # Subdomains may belong to other services.
    hsts: { expires: 1.year, subdomains: false, preload: false }
  }

  config.hosts = begin
    Hosts.allowed(ENV["STATS_TRACKER_HOSTS"])
  rescue ArgumentError => error
    warn error.message
    exit 64
  end
  config.host_authorization = { exclude: ->(request) { Hosts::HEALTH.include?(request.path) }, response_app: Hosts.method(:refuse) }
end

Rails.application.configure do
  config.enable_reloading = false
  config.eager_load = true
  # Its tasks run the collector, and half of what it needs would otherwise be found missing in the middle of a pass.
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

  # TLS ends at the ingress, which also redirects.
  config.assume_ssl = ENV["STATS_TRACKER_ASSUME_SSL"] == "1"
end

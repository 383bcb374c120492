require_relative "boot"
require_relative "database_url"
require_relative "frame_ancestors"
require_relative "hosts"

require "rails"
require "active_model/railtie"
require "active_job/railtie"
require "active_record/railtie"
require "action_controller/railtie"
require "action_view/railtie"
require "action_mailer/railtie"
require "rails/test_unit/railtie"

module StatsTracker
  class Application < Rails::Application
    config.load_defaults 7.2

    # Only a collector sends mails, and only some do. Loading every parser of mails at each start would take a third of the
    # start's time, and 18 MB of each process.
    config.eager_load_namespaces.delete ActionMailer

    # GitHub's days are UTC.
    config.time_zone = "UTC"

    # There is no login and no form that writes: without cookies no session can be stolen or forged.
    config.session_store :disabled
    config.middleware.delete ActionDispatch::Cookies
    config.middleware.delete ActionDispatch::Flash

    config.action_dispatch.default_headers.merge!(
      "Referrer-Policy" => "no-referrer",
      "X-Frame-Options" => "DENY"
    )

    config.x.frame_ancestors = begin
      FrameAncestors.allowed(ENV["STATS_TRACKER_FRAME_ANCESTORS"])
    rescue ArgumentError => error
      warn error.message
      exit 64
    end
    # This header can't name an origin. Browsers that know frame-ancestors ignore it, others would show no frame.
    config.action_dispatch.default_headers.delete("X-Frame-Options") if config.x.frame_ancestors.any?

    # Compression reduces figures in columns and tables to less than a fifth.
    config.middleware.insert_before 0, Rack::Deflater

    # The names of scripts and styles contain a hash of their content, so that browsers may cache them forever. The icon and
    # the error pages' style are not built and keep their names when they change.
    config.public_file_server.headers = { "Cache-Control" => "public, max-age=300" }
    config.middleware.insert_before ActionDispatch::Static, Rack::Static, root: root.join("public").to_s, urls: [ "/assets" ],
      cascade: true, header_rules: [ [ %w[css js], { "cache-control" => "public, max-age=31536000, immutable" } ] ]

    # Pages say what happens next in the words of the program that started the tracker.
    config.x.started_by = ENV["STATS_TRACKER_STARTED_BY"].presence
    unless [ nil, "cargo", "helm" ].include?(config.x.started_by)
      warn "STATS_TRACKER_STARTED_BY is cargo or helm, not #{config.x.started_by}"
      exit 64
    end

    config.x.storage = Pathname(ENV["STATS_TRACKER_STORAGE"].presence || root.join("storage"))

    # Requests of one client a minute, to each controller.
    config.x.requests_per_minute = Integer(ENV["STATS_TRACKER_REQUESTS_PER_MINUTE"].presence || "120", 10, exception: false) || -1
    if config.x.requests_per_minute.negative?
      warn "STATS_TRACKER_REQUESTS_PER_MINUTE is a number, 0 for no limit, not #{ENV["STATS_TRACKER_REQUESTS_PER_MINUTE"]}"
      exit 64
    end

    # The web server's threads, see config/puma.rb.
    config.x.web_threads = Integer(ENV["RAILS_MAX_THREADS"].presence || "16", 10, exception: false) || 0
    unless config.x.web_threads.positive?
      warn "RAILS_MAX_THREADS is a number from 1, not #{ENV["RAILS_MAX_THREADS"]}"
      exit 64
    end

    # A forged X-Forwarded-For header can only change the client that a request is counted for.
    config.action_dispatch.ip_spoofing_check = false

    # The migrations are the schema of both databases: a dump would have the types of one of them.
    config.active_record.dump_schema_after_migration = false
    config.active_record.maintain_test_schema = false

    # Jobs run in the collector, which may write and ends after its collection: app/jobs/application_job.rb.
    config.active_job.queue_adapter = :inline
    config.action_mailer.show_previews = false

    config.generators.system_tests = nil
  end
end

require_relative "boot"
require_relative "database_url"
require_relative "hosts"

require "rails"
require "active_model/railtie"
require "active_record/railtie"
require "action_controller/railtie"
require "action_view/railtie"
require "rails/test_unit/railtie"

module StatsTracker
  class Application < Rails::Application
    config.load_defaults 7.2

    # GitHub counts days in UTC, and so does everything here.
    config.time_zone = "UTC"

    # Nobody logs in and nothing is written to: without cookies there is nothing to steal or forge.
    config.session_store :disabled
    config.middleware.delete ActionDispatch::Cookies
    config.middleware.delete ActionDispatch::Flash

    # Names in an address are data of strangers, not parameters worth guessing at.
    config.action_dispatch.default_headers.merge!(
      "Referrer-Policy" => "no-referrer",
      "X-Frame-Options" => "DENY"
    )

    # Figures in columns and tables take less than a fifth of the room.
    config.middleware.insert_before 0, Rack::Deflater

    # Scripts and styles are named after their content, so that browsers may keep them for ever. The icon and the error
    # pages' style depend on nothing that is built, and keep their names when they change.
    config.public_file_server.headers = { "Cache-Control" => "public, max-age=300" }
    config.middleware.insert_before ActionDispatch::Static, Rack::Static, root: root.join("public").to_s, urls: [ "/assets" ],
      cascade: true, header_rules: [ [ %w[css js], { "cache-control" => "public, max-age=31536000, immutable" } ] ]

    config.x.storage = Pathname(ENV["STATS_TRACKER_STORAGE"].presence || root.join("storage"))

    # Requests of one client a minute, for each kind of page and list.
    config.x.requests_per_minute = Integer(ENV["STATS_TRACKER_REQUESTS_PER_MINUTE"].presence || "120", 10, exception: false) || -1
    if config.x.requests_per_minute.negative?
      warn "STATS_TRACKER_REQUESTS_PER_MINUTE is a number, 0 for no limit, not #{ENV["STATS_TRACKER_REQUESTS_PER_MINUTE"]}"
      exit 64
    end

    # An address that a client made up decides nothing but whose requests are counted together.
    config.action_dispatch.ip_spoofing_check = false

    # The migrations are the schema, for both databases: a dump of the one's types would not do for the other.
    config.active_record.dump_schema_after_migration = false
    config.active_record.maintain_test_schema = false

    config.generators.system_tests = nil
  end
end

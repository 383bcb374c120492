Rails.application.configure do
  # No signed value has to outlive the process.
  config.secret_key_base = SecureRandom.hex(64)
  config.enable_reloading = false
  config.log_level = ENV.fetch("RAILS_LOG_LEVEL", "warn")
  config.eager_load = true
  config.consider_all_requests_local = true
  config.action_controller.perform_caching = false
  config.cache_store = :null_store
  config.action_dispatch.show_exceptions = :rescuable
  config.active_support.deprecation = :raise
  # Later versions of Rails deprecate `connection`, which keeps a connection for good without saying so.
  config.active_record.permanent_connection_checkout = :disallowed
  config.action_controller.raise_on_missing_callback_actions = true
end

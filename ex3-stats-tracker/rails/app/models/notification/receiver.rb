# The receivers of notifications, of the environment. There is at most one of each name, and by default none.
module Notification::Receiver
  WEBHOOKS = { "webhook" => "STATS_TRACKER_WEBHOOK_URL", "slack" => "STATS_TRACKER_SLACK_WEBHOOK_URL",
    "discord" => "STATS_TRACKER_DISCORD_WEBHOOK_URL", "mattermost" => "STATS_TRACKER_MATTERMOST_WEBHOOK_URL" }.freeze

  extend self

  # All that are set. Raises ArgumentError for a wrong setting, whose message never has the value: it may be a secret.
  def all
    Notification.told
    dashboard_url
    webhooks = WEBHOOKS.filter_map { |name, variable| Notification::Webhook.new(name, url(variable)) if ENV[variable].present? }
    [ *webhooks, Notification::Mailbox.from_environment ].compact
  end

  # nil where it is not set.
  def named(name)
    all.find { |receiver| receiver.name == name }
  end

  # The public address of the dashboard, for links; nil where it is not set.
  def dashboard_url
    url("STATS_TRACKER_DASHBOARD_URL").to_s.chomp("/") if ENV["STATS_TRACKER_DASHBOARD_URL"].present?
  end

  private
    def url(variable)
      uri = URI.parse(ENV[variable])
      uri.is_a?(URI::HTTP) && uri.host.present? && uri.fragment.nil? or raise URI::InvalidURIError
      uri
    rescue URI::InvalidURIError
      raise ArgumentError, "#{variable} is no address: it begins with http:// or https:// and names a host"
    end
end

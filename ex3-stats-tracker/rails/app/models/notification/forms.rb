# A notification as the JSON of a webhook: one of this application's own, and those of Slack, Discord and Mattermost.
module Notification::Forms
  # Discord refuses longer messages. Slack's and Mattermost's limits are higher, and nobody reads a longer message.
  MAX_LENGTH = 2_000

  ZERO_WIDTH_SPACE = "\u{200B}"

  extend self

  # A proc that makes the body of a notification and its token.
  def fetch(name)
    { "webhook" => method(:own), "slack" => method(:slack), "discord" => method(:discord), "mattermost" => method(:mattermost) }.fetch(name)
  end

  # ../../README.md describes it.
  def own(notification, token)
    text = Notification::Text.new(notification)
    data = notification.data
    { id: token, event: notification.kind, org: notification.org.name, source: data["source"], at: notification.at.utc.iso8601,
      title: text.title, text: text.to_s, url: text.url, **data.except("source").symbolize_keys }
  end

  # https://docs.slack.dev/messaging/formatting-message-text: three characters begin links and mentions.
  def slack(notification, _token)
    escape = ->(text) { text.gsub(/[&<>]/, "&" => "&amp;", "<" => "&lt;", ">" => "&gt;") }
    { text: Notification::Text.new(notification, escape:).to_s(limit: MAX_LENGTH), mrkdwn: false, unfurl_links: false, unfurl_media: false }
  end

  # https://docs.discord.com/developers/resources/message#allowed-mentions-object: nobody is notified by a name.
  def discord(notification, _token)
    escape = ->(text) { text.gsub(/[\\*_~`|<>\[\]()#@:-]/) { |character| "\\#{character}" } }
    link = ->(url) { "<#{url}>" }
    { content: Notification::Text.new(notification, escape:, link:).to_s(limit: MAX_LENGTH), allowed_mentions: { parse: [] } }
  end

  # Markdown. A mention is one also behind a backslash, and also in Slack's form.
  def mattermost(notification, _token)
    escape = ->(text) { text.gsub(/[\\*_~`|<>\[\]()#!:-]/) { |character| "\\#{character}" }.gsub(/[@<]/) { |character| "#{character}#{ZERO_WIDTH_SPACE}" } }
    { text: Notification::Text.new(notification, escape:).to_s(limit: MAX_LENGTH) }
  end
end

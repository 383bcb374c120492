require "test_helper"

# Names and failures that try to be more than text, in every form.
class Notification::FormsTest < ActiveSupport::TestCase
  HOSTILE = "<!channel> <@U1> @everyone & *b* _i_ `c` [a](http://evil.example) || # x\r\nBcc: victim@example.org\u2028y"

  setup do
    org = Org.new(name: "fluxcd")
    event = { "package" => HOSTILE, "about" => "total", "detail" => HOSTILE, "at" => "2026-05-13T11:00:00Z" }
    @notification = Notification.new(org:, kind: "markup_changed", at: Time.utc(2026, 5, 13, 11), data: { "source" => "github.com", "events" => [ event ] })
  end

  test "Slack: no link, no mention, no formatting" do
    body = form("slack")
    assert_no_match(/[<>]|&(?!amp;|lt;|gt;)/, body[:text])
    assert_equal [ false, false ], body.values_at(:mrkdwn, :unfurl_links)
    assert_equal 2, body[:text].lines.size
  end

  test "Discord: nobody is mentioned, each sign is a sign" do
    body = form("discord")
    assert_equal({ parse: [] }, body[:allowed_mentions])
    assert_no_match(/(?<!\\)[*_`|<>\[\]#@]/, body[:content].sub(/^- /, ""))
  end

  test "Mattermost: no mention in its own form or Slack's, no link" do
    body = form("mattermost")
    assert_no_match(/@(?!\u200B)|<(?!\u200B)/, body[:text])
    assert_no_match(/(?<!\\)[*_`|\[\]#!]/, body[:text])
  end

  test "the application's own form has the text as it is, in lines of its own" do
    body = form("webhook")
    assert_equal [ "token", "markup_changed", "fluxcd", "github.com", "2026-05-13T11:00:00Z" ], body.values_at(:id, :event, :org, :source, :at)
    assert_equal HOSTILE, body[:events].first["package"]
    assert_equal 2, body[:text].lines.size
    assert_equal body[:text].lines.first.chomp, body[:title]
  end

  test "a long message is cut at a line, and says so" do
    events = Array.new(200) { |number| { "package" => "package-#{number}-#{"x" * 180}", "total" => 1 } }
    notification = Notification.new(org: Org.new(name: "fluxcd"), kind: "package_gone", at: Time.current, data: { "source" => "stand-in", "events" => events })
    Notification::Receiver::WEBHOOKS.each_key do |name|
      text = Notification::Forms.fetch(name).call(notification, "token").then { |body| body[:text] || body[:content] }
      assert_operator text.length, :<=, Notification::Forms::MAX_LENGTH, name unless name == "webhook"
      assert_match(/…\z|and 185 more\z/, text)
      assert_match(/stand-in: invented/, text.lines.first)
    end
  end

  test "every kind has words, and a link where the dashboard's address is known" do
    with_environment("STATS_TRACKER_DASHBOARD_URL" => "https://stats.example.org/") do
      one = { "package" => "charts/flagger", "release" => "v1.2.0", "downloads" => 10_400, "first_seen" => "2026-05-01", "from" => 5, "to" => 3, "total" => 3,
        "since" => "2026-05-01T00:00:00Z", "failure" => "timed_out", "about" => "versions", "detail" => "no table" }
      lines = (Notification::KINDS - [ "summary" ]).to_h { |kind|
        [ kind, Notification::Text.new(Notification.new(org: Org.new(name: "fluxcd"), kind:, data: { "events" => [ one ] })).to_s.lines.map(&:chomp) ]
      }
      assert_equal [ "fluxcd: 1 release with 10,000 downloads", "- charts/flagger v1.2.0: 10,400 downloads, first seen on 2026-05-01",
        "https://stats.example.org/orgs/fluxcd/packages/charts%2Fflagger" ], lines["release_downloads"]
      assert_equal [ "fluxcd: a total fell", "- charts/flagger: from 5 to 3" ], lines["total_fell"].first(2)
      assert_equal "- charts/flagger: GitHub no longer lists it; its last total is 3", lines["package_gone"].second
      assert_equal "- charts/flagger: since 2026-05-01T00:00:00Z (timed_out)", lines["reading_failing"].second
      assert_equal "- charts/flagger, its versions: no table", lines["markup_changed"].second
      assert_equal "https://stats.example.org", Notification::Text.new(Notification.test).url
    end
  end

  private
    def form(name)
      Notification::Forms.fetch(name).call(@notification, "token")
    end
end

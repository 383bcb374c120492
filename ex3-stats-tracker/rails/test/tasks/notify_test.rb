require "test_helper"
require "open3"

# The tasks that send notifications, as programs, with real receivers.
class NotifyTest < ActiveSupport::TestCase
  only_in_the_run_on :sqlite

  self.use_transactional_tests = false

  setup do
    @directory = Dir.mktmpdir
    run_task("db:prepare")
  end

  teardown do
    @receiver&.stop
    @mail&.stop
    FileUtils.remove_entry @directory
  end

  test "stats:notify:test sends to each receiver, and says what was refused" do
    @receiver = WebhookReceiver.new { |_, response| response.status = @status || 200 }
    @mail = MailReceiver.new
    settings = { "STATS_TRACKER_SLACK_WEBHOOK_URL" => @receiver.url, "STATS_TRACKER_WEBHOOK_URL" => @receiver.url, "STATS_TRACKER_MAIL_TO" => "a@example.org",
      "STATS_TRACKER_MAIL_FROM" => "stats@example.org", "STATS_TRACKER_SMTP_URL" => "smtp://127.0.0.1:#{@mail.port}" }
    assert_equal [ 0, "webhook: accepted\nslack: accepted\nmail: accepted\n", "" ], run_task("stats:notify:test", settings)
    assert_equal [ 2, 1 ], [ @receiver.received.size, @mail.messages.size ]
    @status = 410
    assert_equal [ 69, "mail: accepted\n", "webhook: status 410\nslack: status 410\n" ], run_task("stats:notify:test", settings)
  end

  test "64 without receivers, and for wrong settings, before a collection too" do
    assert_equal [ 64, "" ], run_task("stats:notify:test").first(2)
    assert_equal [ 64, "" ], run_task("stats:notify").first(2)
    [ "stats:notify:test", "stats:notify", "stats:collect[fluxcd]" ].each do |task|
      code, out, error = run_task(task, "STATS_TRACKER_DISCORD_WEBHOOK_URL" => "discord.com/secret")
      assert_equal [ 64, "", "STATS_TRACKER_DISCORD_WEBHOOK_URL is no address: it begins with http:// or https:// and names a host\n" ], [ code, out, error ], task
    end
    code, _, error = run_task("stats:notify", "STATS_TRACKER_NOTIFY" => "all")
    assert_equal [ 64, 1 ], [ code, error.lines.size ]
  end

  private
    def run_task(task, settings = {})
      environment = { "RAILS_ENV" => "production", "SECRET_KEY_BASE" => "a" * 128, "STATS_TRACKER_STORAGE" => @directory, "DATABASE_URL" => "sqlite3:#{@directory}/made",
        "RAILS_LOG_LEVEL" => "warn", "STATS_TRACKER_SOURCE" => "github.com", **settings }
      out, error, status = Open3.capture3(environment, "bin/rails", task, chdir: Rails.root.to_s)
      assert_no_match(/secret/, out + error)
      [ status.exitstatus, out, error ]
    end
end

require "test_helper"
require "open3"

# Production checks its required settings at the start.
class ProductionTest < ActiveSupport::TestCase
  only_in_the_run_on :sqlite

  test "without SECRET_KEY_BASE neither tasks nor the web server start, and one line names the reason" do
    { nil => %w[puma], "" => %w[bin/rails runner puts(:started)] }.each do |secret, command|
      out, error, status = start(secret, *command)
      assert_equal 64, status.exitstatus, error
      assert_no_match(/started|Listening/, out)
      sentences = error.lines.grep(/SECRET_KEY_BASE/)
      assert_equal 1, sentences.size, error
      assert_match(/\ASECRET_KEY_BASE is not set.*openssl rand -hex 64/, sentences.first)
      assert_no_match(/\.rb:\d+/, error, "no backtrace")
    end
  end

  test "with SECRET_KEY_BASE they start" do
    assert_equal "started\n", start("a" * 128, "bin/rails", "runner", "puts(:started)").first
  end

  private
    def start(secret, *command)
      Open3.capture3({ "RAILS_ENV" => "production", "SECRET_KEY_BASE" => secret, "PORT" => "0" }, *command, chdir: Rails.root.to_s)
    end
end

require "test_helper"
require "open3"

# A wrong setting of the database is one line with the next step, and an exit code, in every program.
class SettingsTest < ActiveSupport::TestCase
  include RefusedPort

  only_in_the_run_on :postgresql

  SECRET = "never repeated"

  setup { @directory = Dir.mktmpdir }
  teardown { FileUtils.remove_entry @directory }

  {
    "mysql://root:#{ERB::Util.url_encode(SECRET)}@db/x" => /begins with sqlite3: or postgresql:, not with mysql:; it is sqlite3:/,
    "postgresql://user:#{SECRET}@db/x" => /is no address: .*%40/,
    "/var/lib/database" => /not with anything of that kind/,
    "postgresql://db" => /names no database/,
    "sqlite3:" => /names no database/
  }.each do |url, message|
    test "DATABASE_URL=#{url}" do
      %w[puma bin/rails\ db:prepare bin/rails\ stats:collect[fluxcd]].each { |command| assert_error 64, message, url, *command.split }
    end
  end

  test "a missing database, and a file that is no database" do
    File.write("#{@directory}/text", "no database" * 1000)
    Dir.mkdir("#{@directory}/directory")
    {
      "text/file" => [ 64, /unable to open|File exists|Not a directory/ ],
      "directory" => [ 64, /unable to open|Is a directory/ ],
      "text" => [ 65, /not a database: name another file/ ]
    }.each do |file, (code, message)|
      [ "db:migrate", "stats:collect[fluxcd]" ].each { |task| assert_error code, message, "sqlite3:#{@directory}/#{file}", "bin/rails", task }
    end
    assert_error 66, /bring its tables up to date with bin\/rails db:migrate/, "sqlite3:#{@directory}/empty", "bin/rails", "stats:collect[fluxcd]"
  end

  test "a server that refuses the connection, does not answer, refuses the user, or lacks the database" do
    with_refused_port do |port|
      assert_error 69, /Connection refused.*: try again in a while/, "postgresql://127.0.0.1:#{port}/x", "bin/rails", "db:migrate"
    end
    # The kernel accepts the connection, and no program answers. The database's name is a part of the error's text.
    TCPServer.open("127.0.0.1", 0) do |silent|
      assert_error 69, /timeout expired.*: try again in a while/, "postgresql://127.0.0.1:#{silent.local_address.ip_port}/timeout", "bin/rails", "db:migrate"
    end
    assert_error 64, /correct the address in DATABASE_URL/, "postgresql://no-such-host.invalid/x", "bin/rails", "db:migrate"
    next_to = ENV.fetch("DATABASE_URL")
    [ "db:migrate", "stats:collect[fluxcd]" ].each do |task|
      assert_error 66, /make it with bin\/rails db:prepare/, next_to.sub("stats_tracker_test", "no_such_database"), "bin/rails", task
      assert_error 64, /set the right user and password/, next_to.sub(%r{//[^@/]*@}, "//nobody_at_all@"), "bin/rails", task
    end
  end

  test "settings of the web server and of the request policy" do
    Open3.capture3(environment("sqlite3:#{@directory}/made"), "bin/rails", "db:prepare", chdir: Rails.root.to_s)
    assert_error 64, /STATS_TRACKER_HOSTS holds http:\/\/x/, nil, "puma", "STATS_TRACKER_HOSTS" => "a.example http://x"
    assert_error 64, /REQUESTS_PER_MINUTE is a number/, nil, "puma", "STATS_TRACKER_REQUESTS_PER_MINUTE" => "many"
    assert_error 64, /RAILS_MAX_THREADS is a number from 1, not many/, nil, "bin/rails", "stats:notify", "RAILS_MAX_THREADS" => "many"
    assert_error 64, /PAUSE is a number from 1 to 3600 with this source, not 0/, nil, "bin/rails", "stats:collect[fluxcd]",
      "STATS_TRACKER_PAUSE" => "0", "STATS_TRACKER_SOURCE" => "github.com"
    assert_error 64, /component's address begins with http/, "sqlite3:#{@directory}/made", "bin/rails", "stats:collect[fluxcd]", "STATS_TRACKER_COMPONENT_URL" => "http://a b"
  end

  test "STATS_TRACKER_FRAME_ANCESTORS are origins, in every program" do
    assert_error 64, /STATS_TRACKER_FRAME_ANCESTORS holds http:\/\/a\/path, which is no origin: http/, nil, "puma",
      "STATS_TRACKER_FRAME_ANCESTORS" => "http://127.0.0.1:4000 http://a/path https://other.example"
    assert_error 64, /holds talk.example.org/, nil, "bin/rails", "stats:collect[fluxcd]", "STATS_TRACKER_FRAME_ANCESTORS" => "talk.example.org"
  end

  test "a bug is 70, with its backtrace" do
    File.write("#{@directory}/Rakefile", "load #{Rails.root.join("Rakefile").to_s.inspect}\ntask(wrong: :environment) { nil.mistake }\n")
    _, error, status = Open3.capture3(environment(nil), "rake", "--rakefile", "#{@directory}/Rakefile", "wrong", chdir: Rails.root.to_s)
    assert_equal 70, status.exitstatus, error
    assert_match(/undefined method `mistake'/, error)
  end

  private
    def assert_error(code, message, url, *command, **more)
      _, error, status = Open3.capture3(environment(url).merge(more.transform_keys(&:to_s)), *command, chdir: Rails.root.to_s)
      about = "#{command.join(" ")} with #{url}: #{error}"
      assert_equal code, status.exitstatus, about
      assert_match message, error, about
      assert_equal 1, error.lines.count, about
      assert_no_match(/#{SECRET}|#{ERB::Util.url_encode(SECRET)}/, error, about)
    end

    def environment(url)
      { "RAILS_ENV" => "production", "SECRET_KEY_BASE" => "a" * 128, "RAILS_LOG_LEVEL" => "fatal", "PORT" => "0", "STATS_TRACKER_STORAGE" => @directory,
        "STATS_TRACKER_SOURCE" => "stand-in", "STATS_TRACKER_COMPONENT_URL" => nil }.merge("DATABASE_URL" => url)
    end
end

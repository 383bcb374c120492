require "test_helper"
require "net/http"

# The web server's process: its socket, and the host names under which it answers.
class ServerTest < ActiveSupport::TestCase
  only_in_the_run_on :sqlite

  setup { @directory = Dir.mktmpdir }
  teardown do
    @pid&.then { |pid| Process.kill(:KILL, pid) && Process.wait(pid) }
    FileUtils.remove_entry @directory
  end

  test "a port in use and an address of another machine are an error of one line" do
    taken = TCPServer.new("127.0.0.1", 0)
    port = taken.local_address.ip_port.to_s
    assert_ends 69, "the dashboard can't listen on tcp://127.0.0.1:#{port}: it is in use: end what listens there, or set PORT to another\n", "PORT" => port
    assert_ends 64, "the dashboard can't listen on tcp://192.0.2.1:#{port}: it is no address of this machine's: set BINDING and PORT\n",
      "PORT" => port, "BINDING" => "192.0.2.1"
  end

  test "it uses the socket of PUMA_INHERIT_0" do
    socket = TCPServer.new("127.0.0.1", 0)
    port = socket.local_address.ip_port
    start({ "PORT" => port.to_s, "PUMA_INHERIT_0" => "#{socket.fileno}:tcp://127.0.0.1:#{port}" }, socket => socket)
    socket.close
    assert_equal "200", ask(port, "/healthz").code
    Process.kill :TERM, @pid
    assert_equal 0, ended, File.read(log)
  end

  test "it asks the launcher for the socket, listens on it, and ends with the launcher" do
    socket = TCPServer.new("127.0.0.1", 0)
    port = socket.local_address.ip_port
    launcher, here = UNIXSocket.pair
    start({ "PORT" => port.to_s, "STATS_TRACKER_LIFELINE" => here.fileno.to_s }, %w[bin/dashboard], here => here)
    here.close
    assert_equal "\n", launcher.read(1)
    launcher.send_io socket
    socket.close
    assert_equal "200", ask(port, "/healthz").code
    launcher.close
    assert_equal 128 + Signal.list["KILL"], ended, File.read(log)
  end

  test "unknown host names are refused, in Host and in X-Forwarded-Host" do
    port = listening("STATS_TRACKER_HOSTS" => "dashboard.example.org")
    good = [ "127.0.0.1:#{port}", "localhost:#{port}", "10.1.2.3:3000", "[::1]:#{port}", "dashboard.example.org", "Dashboard.Example.org:443" ]
    assert_equal good.map { "200" }, good.map { |host| ask(port, "/metrics", "Host" => host).code }
    [ { "Host" => "evil.example" }, { "Host" => "dashboard.example.org.evil.example" }, { "Host" => "dashboard.example.org", "X-Forwarded-Host" => "evil.example" },
      { "Host" => "evil.example", "X-Forwarded-Host" => "dashboard.example.org" } ].each do |headers|
      answer = ask(port, "/", headers)
      assert_equal [ "403", "text/plain; charset=utf-8" ], [ answer.code, answer["Content-Type"] ], headers.inspect
      assert_match(/adds the name to STATS_TRACKER_HOSTS/, answer.body)
      assert_equal %w[200 200], %w[/healthz /readyz].map { |path| ask(port, path, headers).code }, "probes are answered under any name"
    end
    # Without STATS_TRACKER_FORCE_SSL there is no HSTS header.
    assert_nil ask(port, "/metrics", "X-Forwarded-Proto" => "https")["Strict-Transport-Security"]
  end

  test "STATS_TRACKER_HOSTS=* allows any name, and STATS_TRACKER_FORCE_SSL redirects to HTTPS" do
    port = listening("STATS_TRACKER_HOSTS" => "*", "STATS_TRACKER_FORCE_SSL" => "1")
    plain = ask(port, "/api/orgs.json", "Host" => "any.example")
    assert_equal [ "301", "https://any.example/api/orgs.json" ], [ plain.code, plain["Location"] ]
    secure = ask(port, "/api/orgs.json", "Host" => "any.example", "X-Forwarded-Proto" => "https")
    assert_equal [ "200", "max-age=31556952" ], [ secure.code, secure["Strict-Transport-Security"] ]
    assert_equal %w[200 200 200], %w[/healthz /readyz /metrics].map { |path| ask(port, path).code }, "probes and Prometheus use HTTP"
  end

  test "STATS_TRACKER_FRAME_ANCESTORS may show the dashboard in a frame, and nobody else" do
    port = listening("STATS_TRACKER_FRAME_ANCESTORS" => "http://127.0.0.1:4000  https://*.example.org")
    %w[/api/orgs.json /metrics /healthz].each do |path|
      answer = ask(port, path)
      directives = answer["Content-Security-Policy"].to_s.split(/; */)
      assert_equal [ "frame-ancestors http://127.0.0.1:4000 https://*.example.org" ], directives.grep(/ancestors/), path
      assert_nil answer["X-Frame-Options"], path
    end
  end

  private
    def log
      "#{@directory}/log"
    end

    def start(environment, command = %w[puma], **options)
      settings = { "RAILS_ENV" => "production", "SECRET_KEY_BASE" => "a" * 128, "RAILS_LOG_LEVEL" => "fatal", "STATS_TRACKER_STORAGE" => @directory,
        "DATABASE_URL" => nil, "STATS_TRACKER_SOURCE" => "stand-in", "BINDING" => nil }
      @pid = spawn(settings.merge(environment), *command, chdir: Rails.root.to_s, %i[out err] => [ log, "w" ], **options)
    end

    # Creates the tables and starts the server on a free port.
    def listening(environment)
      start({}, %w[bin/rails db:prepare])
      assert_equal 0, ended, File.read(log)
      socket = TCPServer.new("127.0.0.1", 0)
      port = socket.local_address.ip_port
      start(environment.merge("PORT" => port.to_s, "PUMA_INHERIT_0" => "#{socket.fileno}:tcp://127.0.0.1:#{port}"), socket => socket)
      socket.close
      port
    end

    # Waits for the server's end and returns its exit code.
    def ended
      pid, @pid = @pid, nil
      Process.wait pid
      $?.exitstatus || 128 + $?.termsig
    end

    def assert_ends(code, message, environment)
      start(environment)
      assert_equal code, ended, File.read(log)
      assert_equal message, File.read(log).lines.grep_v(/\A(Puma|\*|\[|=>)/).join
    end

    # The inherited socket accepts the connection before puma is ready to answer.
    def ask(port, path, headers = {})
      http = Net::HTTP.new("127.0.0.1", port, nil)
      http.read_timeout = 60
      http.request(Net::HTTP::Get.new(path, headers))
    end
end

require "test_helper"

# Webhooks to a real HTTP server on this machine.
class Notification::WebhookTest < ActiveSupport::TestCase
  include RefusedPort

  SECRET = /secret/

  teardown { @receiver&.stop }

  test "each form reaches its receiver" do
    receive
    Notification::Receiver::WEBHOOKS.each_key { |name| webhook(name).deliver(Notification.test, token: "token-#{name}") }
    assert_equal [ "/secret-path?key=secret-key" ], @receiver.received.map(&:path).uniq
    assert_equal %w[token-webhook token-slack token-discord token-mattermost], @receiver.received.map(&:key)
    assert_equal [ "application/json; charset=utf-8" ], @receiver.received.flat_map { |request| request.headers["content-type"] }.uniq
    title = "test: notifications reach this receiver (stand-in: invented)"
    assert_equal [ title, title, title ], @receiver.received.values_at(0, 1, 3).map { |request| request.json["text"] }
    assert_equal title.gsub(/[():-]/) { |sign| "#{sign}" }, @receiver.received[2].json["content"]
  end

  test "a name and password in the URL" do
    receive
    Notification::Webhook.new("webhook", URI(@receiver.url.sub("//", "//me:p%40ss@"))).deliver(Notification.test, token: "t")
    assert_equal [ "Basic #{[ "me:p@ss" ].pack("m0")}" ], @receiver.received.sole.headers["authorization"]
  end

  test "every other status is refused, with the time of Retry-After" do
    receive { |_, response|
      response.status = @status
      response["Retry-After"] = @retry_after if @retry_after
      response["Location"] = @receiver.url if @status == 302
    }
    travel_to Time.utc(2026, 5, 13, 12)
    { [ 500, nil ] => [ "status 500", nil ], [ 404, nil ] => [ "status 404", nil ], [ 429, "30" ] => [ "status 429", 30 ],
      [ 429, "Wed, 13 May 2026 12:01:00 GMT" ] => [ "status 429", 60 ], [ 503, "soon" ] => [ "status 503", nil ],
      [ 302, nil ] => [ "status 302, which is not followed", nil ] }.each do |answer, expected|
      @status, @retry_after = answer
      error = refused(webhook("slack"))
      assert_equal expected, [ error.message, error.retry_after ]
    end
    assert_equal 6, @receiver.received.size
  end

  test "no answer, an answer without end, a large one, one that is no HTTP, and one that is cut" do
    { ->(_) { sleep } => "no answer in time",
      ->(socket) { socket << "HTTP/1.1 200 OK\r\n" and loop { socket << "X: x\r\n" and sleep 0.05 } } => "no answer in time",
      ->(socket) { socket << "HTTP/1.1 200 OK\r\n\r\n" and loop { socket << "x" * 65_536 } } => "its answer is no HTTP, or was cut",
      ->(socket) { socket << "SSH-2.0-OpenSSH\r\n" } => "its answer is no HTTP, or was cut",
      ->(socket) { socket << "HTTP/1.1 2" } => "its answer is no HTTP, or was cut" }.each do |answer, message|
      server = TCPServer.new("127.0.0.1", 0)
      thread = Thread.new do
        socket = server.accept
        # A socket that is closed with unread bytes resets the connection.
        request = +""
        request << socket.readpartial(65_536) until request.end_with?("}")
        answer.call(socket)
        socket.close
      rescue SystemCallError
        # The client has gone.
      end
      url = URI("http://127.0.0.1:#{server.local_address.ip_port}/secret")
      error = refused(Notification::Webhook.new("webhook", url, read_timeout: 0.5, timeout: 1))
      assert_equal message, error.message
    ensure
      thread.kill
      server.close
    end
  end

  test "a refused connection, an unknown host, and no TLS" do
    with_refused_port { |port| assert_equal "the connection was refused", refused(Notification::Webhook.new("slack", URI("http://127.0.0.1:#{port}/secret"))).message }
    assert_equal "its host was not found", refused(Notification::Webhook.new("slack", URI("http://secret.invalid/secret"))).message
    receive
    assert_equal "TLS failed", refused(Notification::Webhook.new("slack", URI(@receiver.url.sub("http:", "https:")))).message
    assert_no_match SECRET, webhook("slack").inspect
  end

  test "wrong settings are named without their values" do
    { "STATS_TRACKER_SLACK_WEBHOOK_URL" => [ "secret", "ftp://secret.example", "https://", "file:///secret", "http://a/#secret", "https://a secret" ],
      "STATS_TRACKER_DASHBOARD_URL" => [ "javascript:secret" ] }.each do |variable, values|
      values.each do |value|
        with_environment(variable => value) do
          error = assert_raises(ArgumentError, value) { Notification::Receiver.all }
          assert_match(/\A#{variable} is no address: it begins with http:\/\/ or https:\/\/ and names a host\z/, error.message)
        end
      end
    end
    assert_empty Notification::Receiver.all
  end

  private
    def receive(&)
      @receiver = WebhookReceiver.new(&)
    end

    def webhook(name)
      Notification::Webhook.new(name, URI(@receiver.url))
    end

    def refused(webhook)
      assert_raises(Notification::Delivery::Refused) { webhook.deliver(Notification.test, token: "token") }.tap do |error|
        assert_no_match SECRET, error.message
      end
    end
end

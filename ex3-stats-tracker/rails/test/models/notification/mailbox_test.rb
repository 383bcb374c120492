require "test_helper"

# E-mails to a mail server on this machine.
class Notification::MailboxTest < ActiveSupport::TestCase
  include RefusedPort

  teardown { @server&.stop }

  test "a message to all recipients" do
    serve
    notification = Notification.new(org: Org.new(name: "fluxcd"), kind: "package_gone", at: Time.current,
      data: { "source" => "github.com", "events" => [ { "package" => "a\r\nBcc: victim@example.org\r\n\r\nx", "total" => 1 } ] })
    mailbox("smtp://127.0.0.1:#{@server.port}").deliver(notification, token: "the-token")
    message = @server.messages.sole
    assert_equal [ "stats@example.org", %w[a@example.org b@example.org], nil, false ], [ message.from, message.to, message.user, message.encrypted ]
    mail = Mail.new(message.data)
    assert_equal [ "fluxcd: gone from GitHub", "the-token@example.org", %w[a@example.org b@example.org], "text/plain", "auto-generated" ],
      [ mail.subject, mail.message_id, mail.to, mail.mime_type, mail["Auto-Submitted"].to_s ]
    assert_equal [ nil, "fluxcd: gone from GitHub\n\n- a Bcc: victim@example.org x: GitHub no longer lists it; its last total is 1" ],
      [ mail.bcc, mail.body.decoded.gsub("\r\n", "\n").strip ]
  end

  test "no header by a name in the subject" do
    serve
    notification = Notification.new(org: Org.new(name: "a\r\nBcc: victim@example.org\r\n\r\nx"), kind: "package_gone", data: { "events" => [] })
    mailbox("smtp://127.0.0.1:#{@server.port}").deliver(notification, token: "t")
    mail = Mail.new(@server.messages.sole.data)
    assert_equal [ "a bcc: victim@example.org x: gone from GitHub", nil ], [ mail.subject, mail.bcc ]
  end

  test "a password is sent with TLS only" do
    serve
    assert_equal "the mail server offers no STARTTLS, without which no password is sent", refused("smtp://user:p%40ss%3Aword@127.0.0.1:#{@server.port}")
    @server.stop
    serve(tls: true)
    # A certificate that nobody has signed.
    assert_equal "TLS with the mail server failed", refused("smtp://user:p%40ss%3Aword@127.0.0.1:#{@server.port}")
    with_certificate do |ca_file|
      mailbox("smtp://user:p%40ss%3Aword@127.0.0.1:#{@server.port}", ca_file:).deliver(Notification.test, token: "t")
      assert_equal [ "user", true ], [ @server.messages.sole.user, @server.messages.sole.encrypted ]
      assert_equal "the mail server answered 535", refused("smtp://user:wrong@127.0.0.1:#{@server.port}", ca_file:)
    end
  end

  test "a mail server that refuses, has gone, or speaks something else" do
    { { "MAIL" => "451 later" } => "the mail server answered 451", { "RCPT" => "550 secret" } => "the mail server answered 550",
      { "DATA" => "554 no" } => "the mail server answered 554", { "." => "552 too large" } => "the mail server answered 552",
      { "EHLO" => "no SMTP", "HELO" => "no SMTP" } => "the mail server answered something else than SMTP" }.each do |answers, message|
      serve(answers:)
      assert_equal message, refused("smtp://127.0.0.1:#{@server.port}")
      assert_empty @server.messages
      @server.stop
    end
    @server = nil
    with_refused_port { |port| assert_equal "the mail server refused the connection", refused("smtp://127.0.0.1:#{port}") }
    assert_equal "the mail server was not found", refused("smtp://mail.invalid")
  end

  test "wrong settings are named without the secret" do
    addresses = { "STATS_TRACKER_MAIL_TO" => "a@example.org", "STATS_TRACKER_MAIL_FROM" => "stats@example.org" }
    [ "", "mail.example.org", "http://user:secret@mail", "smtp://user:se/cret@mail", "smtp://mail/secret", "smtp://secret@", "smtps://mail?secret" ].each do |url|
      with_environment(**addresses, "STATS_TRACKER_SMTP_URL" => url) do
        error = assert_raises(ArgumentError, url) { Notification::Receiver.all }
        assert_match(/\ASTATS_TRACKER_SMTP_URL is no address such as/, error.message)
        assert_no_match(/se.?cret/, error.message)
      end
    end
    with_environment(**addresses, "STATS_TRACKER_MAIL_FROM" => "") { assert_match(/MAIL_FROM is one/, assert_raises(ArgumentError) { Notification::Receiver.all }.message) }
    with_environment(**addresses, "STATS_TRACKER_MAIL_TO" => "a@b c") { assert_match(/holds "c"/, assert_raises(ArgumentError) { Notification::Receiver.all }.message) }
    with_environment(**addresses, "STATS_TRACKER_SMTP_URL" => "smtps://user:secret@mail") do
      assert_no_match(/secret/, Notification::Receiver.all.sole.inspect)
    end
  end

  private
    def serve(**)
      @server = MailReceiver.new(**)
    end

    def mailbox(url, **settings)
      server = Notification::Mailbox.server(url, domain: "example.org").merge(settings)
      Notification::Mailbox.new(to: %w[a@example.org b@example.org], from: "stats@example.org", server:)
    end

    def refused(url, **)
      assert_raises(Notification::Delivery::Refused) { mailbox(url, **).deliver(Notification.test, token: "t") }.message
    end

    def with_certificate
      Tempfile.create do |file|
        file.write @server.certificate.to_pem
        file.flush
        yield file.path
      end
    end
end

require "net/smtp"

# Sends notifications by e-mail, through the SMTP server of STATS_TRACKER_SMTP_URL.
class Notification::Mailbox
  ADDRESS = /\A[^\s@<>()\[\],;:\\"[:cntrl:]]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\z/

  PORTS = { "smtp" => 587, "smtps" => 465 }.freeze

  # Seconds, of the connection and of each read.
  OPEN_TIMEOUT = 10
  READ_TIMEOUT = 10
  # Seconds, of a whole message: a server may send a line now and then.
  TIMEOUT = 60

  # nil where no address is set.
  def self.from_environment
    to = ENV["STATS_TRACKER_MAIL_TO"].to_s.split
    return if to.empty?

    from = ENV["STATS_TRACKER_MAIL_FROM"].to_s.strip
    wrong = to.find { |address| !address.match?(ADDRESS) } and raise ArgumentError, "STATS_TRACKER_MAIL_TO holds #{wrong.inspect}, which is no e-mail address"
    from.match?(ADDRESS) or raise ArgumentError, "STATS_TRACKER_MAIL_FROM is one e-mail address, which STATS_TRACKER_MAIL_TO needs"
    new(to:, from:, server: server(ENV["STATS_TRACKER_SMTP_URL"], domain: from[/[^@]+\z/]))
  end

  # The settings of Action Mailer. With a password the connection is encrypted, or there is none.
  def self.server(text, domain:)
    uri = URI.parse(text.to_s)
    PORTS.key?(uri.scheme) && uri.host.present? && uri.path.to_s.delete("/").empty? && uri.query.nil? && uri.fragment.nil? or raise URI::InvalidURIError
    user, password = [ uri.user, uri.password ].map { |part| URI.decode_uri_component(part) if part.present? }
    tls = if uri.scheme == "smtps" then { tls: true }
    elsif user then { enable_starttls: true }
    else { enable_starttls_auto: true }
    end
    { address: uri.hostname, port: uri.port || PORTS.fetch(uri.scheme), domain:, user_name: user, password:, authentication: (:plain if user),
      open_timeout: OPEN_TIMEOUT, read_timeout: READ_TIMEOUT, **tls }
  rescue URI::InvalidURIError, ArgumentError
    raise ArgumentError, "STATS_TRACKER_SMTP_URL is no address such as smtp://user:password@host:587 or smtps://host: " \
      "what a name or password holds of / @ : ? # % is written as %2F, %40 and so on"
  end

  def initialize(to:, from:, server:)
    @to, @from, @server = to, from, server
  end

  def name = "mail"

  # Raises Notification::Delivery::Refused. All recipients get the message, or none: the server refuses it as a whole.
  def deliver(notification, token:)
    message = NotificationMailer.with(notification:, token:, to: @to, from: @from, server: @server).told
    Timeout.timeout(TIMEOUT) { message.deliver_now }
  rescue Timeout::Error
    raise refused("no answer in time")
  rescue Net::SMTPUnsupportedCommand
    raise refused("the mail server offers no STARTTLS, without which no password is sent")
  rescue Net::SMTPAuthenticationError, Net::SMTPServerBusy, Net::SMTPSyntaxError, Net::SMTPFatalError, Net::SMTPUnknownError => error
    raise refused("the mail server answered #{error.response&.status.to_s[/\A\d{3}\z/] || "something else than SMTP"}")
  rescue SocketError
    raise refused("the mail server was not found")
  rescue OpenSSL::SSL::SSLError
    raise refused("TLS with the mail server failed")
  rescue SystemCallError => error
    raise refused(error.is_a?(Errno::ECONNREFUSED) ? "the mail server refused the connection" : "the connection failed (#{error.class.name.demodulize})")
  rescue IOError
    raise refused("the mail server's answer was cut, or is no SMTP")
  end

  # The server's settings have a password.
  def inspect
    "#<#{self.class.name}>"
  end

  private
    def refused(message)
      Notification::Delivery::Refused.new(message)
    end
end

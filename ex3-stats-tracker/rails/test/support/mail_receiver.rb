require "socket"
require "openssl"

# A mail server that speaks as much of SMTP (RFC 5321) as a client needs to hand over a message, with STARTTLS and AUTH
# PLAIN where it has a certificate. Debian's Ruby has no library for it.
class MailReceiver
  Message = Data.define(:from, :to, :data, :user, :encrypted)

  attr_reader :messages, :certificate

  # +answers+: the answer to a command ("MAIL", "RCPT", "DATA", "." …) in place of the usual one.
  def initialize(tls: false, answers: {})
    @tls, @answers, @messages = tls, answers, []
    @key, @certificate = self.class.self_signed if tls
    @server = TCPServer.new("127.0.0.1", 0)
    @thread = Thread.new { loop { Thread.new(@server.accept) { |socket| converse(socket) } } }
  end

  def port = @server.local_address.ip_port

  def stop
    @thread.kill
    @server.close
  end

  def self.self_signed
    key = OpenSSL::PKey::RSA.new(2048)
    certificate = OpenSSL::X509::Certificate.new
    certificate.version, certificate.serial, certificate.public_key = 2, 1, key.public_key
    certificate.subject = certificate.issuer = OpenSSL::X509::Name.parse("/CN=localhost")
    certificate.not_before, certificate.not_after = Time.at(0), Time.at(2**32)
    factory = OpenSSL::X509::ExtensionFactory.new(certificate, certificate)
    certificate.add_extension factory.create_extension("subjectAltName", "DNS:localhost,IP:127.0.0.1")
    certificate.add_extension factory.create_extension("basicConstraints", "CA:TRUE", true)
    [ key, certificate.sign(key, OpenSSL::Digest.new("SHA256")) ]
  end

  private
    def converse(socket)
      from, to, user, encrypted = nil, [], nil, false
      socket.print "220 here\r\n"
      while (line = socket.gets)
        command = line[/\A\w+/].to_s.upcase
        if @answers.key?(command)
          socket.print "#{@answers[command]}\r\n"
          next
        end
        case command
        when "EHLO", "HELO"
          socket.print [ "250-here", *("250-STARTTLS" if @tls && !encrypted), *("250-AUTH PLAIN" if encrypted), "250 8BITMIME" ].join("\r\n") + "\r\n"
        when "STARTTLS"
          socket.print "220 go on\r\n"
          context = OpenSSL::SSL::SSLContext.new.tap { |made| made.key, made.cert = @key, @certificate }
          socket = OpenSSL::SSL::SSLSocket.new(socket, context).tap(&:accept)
          encrypted = true
        when "AUTH"
          user = line.split.last.unpack1("m").split("\0").drop(1)
          socket.print user == %w[user p@ss:word] ? "235 welcome\r\n" : "535 who are you\r\n"
        when "MAIL" then from = line[/<(.*?)>/, 1] and socket.print("250 ok\r\n")
        when "RCPT" then to << line[/<(.*?)>/, 1] and socket.print("250 ok\r\n")
        when "DATA"
          socket.print "354 go on\r\n"
          data = +""
          data << line until (line = socket.gets) == ".\r\n"
          @messages << Message.new(from:, to:, data:, user: user&.first, encrypted:) unless @answers.key?(".")
          socket.print "#{@answers.fetch(".", "250 accepted")}\r\n"
        when "QUIT"
          socket.print "221 bye\r\n"
          break
        else socket.print "250 ok\r\n"
        end
      end
    rescue SystemCallError, IOError, OpenSSL::SSL::SSLError
      # The client has gone.
    ensure
      socket.close
    end
end

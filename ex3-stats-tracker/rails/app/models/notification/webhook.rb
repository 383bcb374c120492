require "net/http"

# Sends notifications as a POST request with JSON. Its URL is a secret: whoever knows it may write there. So it is in no
# message, and no error of the connection is passed on as it is.
class Notification::Webhook
  # Seconds, of the connection and of each read.
  OPEN_TIMEOUT = 10
  READ_TIMEOUT = 10
  # Seconds, of a whole request: a receiver may send a byte now and then.
  TIMEOUT = 60

  # Only its length is looked at: the status says whether the message was accepted.
  MAX_BODY_BYTES = 64.kilobytes

  attr_reader :name

  def initialize(name, url, read_timeout: READ_TIMEOUT, timeout: TIMEOUT)
    @name, @url, @read_timeout, @timeout = name, url, read_timeout, timeout
    @form = Notification::Forms.fetch(name)
  end

  # Raises Notification::Delivery::Refused.
  def deliver(notification, token:)
    body = @form.call(notification, token).to_json
    response = Timeout.timeout(@timeout) { post(body, token) }
    response.is_a?(Net::HTTPSuccess) or
      raise refused("status #{response.code}#{", which is not followed" if response.is_a?(Net::HTTPRedirection)}", retry_after: retry_after(response))
  rescue Timeout::Error
    raise refused("no answer in time")
  rescue SocketError
    raise refused("its host was not found")
  rescue OpenSSL::SSL::SSLError
    raise refused("TLS failed")
  rescue SystemCallError => error
    raise refused(error.class.name.demodulize == "ECONNREFUSED" ? "the connection was refused" : "the connection failed (#{error.class.name.demodulize})")
  rescue IOError, Net::ProtocolError, Net::HTTPBadResponse, Net::HTTPHeaderSyntaxError, Zlib::Error
    raise refused("its answer is no HTTP, or was cut")
  end

  # The URL is a secret.
  def inspect
    "#<#{self.class.name} #{name}>"
  end

  private
    def refused(message, **)
      Notification::Delivery::Refused.new(message, **)
    end

    def post(body, token)
      request = Net::HTTP::Post.new(@url.request_uri, "Content-Type" => "application/json; charset=utf-8", "Accept-Encoding" => "identity",
        "User-Agent" => "stats-tracker", "Idempotency-Key" => token)
      request.basic_auth(*[ @url.user, @url.password ].map { |part| URI.decode_uri_component(part.to_s) }) if @url.user
      request.body = body
      connection.start do |http|
        http.request(request) { |response| discard_body(response) }
      end
    end

    def connection
      Net::HTTP.new(@url.hostname, @url.port).tap do |http|
        http.use_ssl = @url.scheme == "https"
        http.open_timeout, http.read_timeout, http.write_timeout = OPEN_TIMEOUT, @read_timeout, @read_timeout
        # Net::HTTP would repeat a request whose answer was lost.
        http.max_retries = 0
      end
    end

    def discard_body(response)
      bytes = 0
      response.read_body do |part|
        bytes += part.bytesize
        raise Net::HTTPBadResponse if bytes > MAX_BODY_BYTES
      end
    end

    # Seconds; nil where there is none. The header has seconds or a date.
    def retry_after(response)
      value = response["Retry-After"].to_s.strip
      return if value.empty?
      return value.to_i if value.match?(/\A\d{1,9}\z/)

      (Time.httpdate(value) - Time.current).ceil
    rescue ArgumentError
      nil
    end
end

require "net/http"

# The Spin component, which reads GitHub's pages for us. Its answers are described in ../openapi.yaml; what it answers
# otherwise is a Problem. One connection, for one thread.
class Component
  # The component may fetch a list of 100 pages for one request, each of which may be given up to an hour, and its host
  # gives it 65 minutes.
  READ_TIMEOUT = 3930
  OPEN_TIMEOUT = 10

  # The host closes a connection that was idle for 30 seconds.
  KEEP_ALIVE = 20

  # 10 000 versions with a few tags each are 2 MB.
  LARGEST_BODY = 16.megabytes

  def self.url
    ENV["STATS_TRACKER_COMPONENT_URL"].presence || "http://127.0.0.1:3000"
  end

  def initialize(url = self.class.url)
    @url = URI(url.to_s.chomp("/"))
    raise URI::Error unless @url.is_a?(URI::HTTP) && @url.host.present?
  rescue URI::Error
    raise ArgumentError, "the component's address begins with http:// or https:// and names a host, unlike #{url}"
  end

  # The container packages of an organisation or user, in GitHub's order, and which of the two it is.
  def packages(org)
    get("orgs", org, "packages") { |answer, response| Contract.list(answer, owner: response["Owner-Kind"]) }
  end

  # A package's total and daily downloads, now.
  #
  # With what the list said of it, +repository+ (as owner/repository) and +owner+ (organization or user), the component
  # asks GitHub for one page where it would have to try several.
  def measure(org, name, repository: nil, owner: nil)
    get("orgs", org, "packages", name, repository:, owner:) { |answer, _| Contract.measurement(answer, of: name) }
  end

  # A package's tagged versions with their totals, newest first.
  def versions(org, name, repository: nil, owner: nil)
    get("orgs", org, "packages", name, "versions", repository:, owner:) { |answer, _| Contract.versions(answer) }
  end

  def close
    @http&.finish if @http&.started?
  ensure
    @http = nil
  end

  private
    # Yields what the answer says, and the answer itself for its headers.
    def get(*segments, **query)
      path = "#{@url.path}/#{segments.map { |segment| escape(segment) }.join("/")}"
      query = query.compact.map { |name, value| "#{name}=#{escape(value)}" }.join("&")
      request = Net::HTTP::Get.new([ path, query.presence ].compact.join("?"),
        "Accept" => "application/json", "Accept-Encoding" => "identity")
      connection.request(request) do |response|
        body = read(response)
        response.is_a?(Net::HTTPOK) or raise Contract.problem(response, body)
        return yield Contract.parse(body), response
      end
    rescue SystemCallError, SocketError, IOError, Timeout::Error, OpenSSL::SSL::SSLError, Net::ProtocolError,
        Net::HTTPBadResponse, Net::HTTPHeaderSyntaxError => error
      # What is left on the connection belongs to no request.
      close
      raise Problem.new("component_failed", "the component at #{@url} did not answer: #{error.message}")
    rescue Problem
      close
      raise
    end

    def read(response)
      body = String.new(encoding: Encoding::UTF_8)
      response.read_body do |part|
        body << part.force_encoding(Encoding::UTF_8)
        raise Problem.new("component_failed", "the component's answer is larger than 16 MB") if body.bytesize > LARGEST_BODY
      end
      body
    end

    def connection
      @http ||= Net::HTTP.new(@url.host, @url.port, nil).tap do |http|
        http.use_ssl = @url.scheme == "https"
        http.open_timeout = OPEN_TIMEOUT
        http.read_timeout = READ_TIMEOUT
        http.keep_alive_timeout = KEEP_ALIVE
        # Trying again is the pass's business, which knows for how long.
        http.max_retries = 0
        http.start
      end
    end

    def escape(segment)
      ERB::Util.url_encode(segment)
    end
end

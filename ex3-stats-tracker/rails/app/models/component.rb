require "net/http"

# The client of the Spin component, which reads GitHub's pages. ../openapi.yaml describes its answers; any other answer
# raises a Problem. An object has one connection, for one thread.
class Component
  # For one request the component may fetch a list of 100 pages, with a time limit of up to an hour each. The host that
  # runs it ends a request after 65 minutes.
  READ_TIMEOUT = 3930
  OPEN_TIMEOUT = 10

  # Below the 30 seconds after which the host closes an idle connection.
  KEEP_ALIVE = 20

  # 10 000 versions with a few tags each take 2 MB.
  MAX_BODY_BYTES = 16.megabytes

  def self.url
    ENV["STATS_TRACKER_COMPONENT_URL"].presence || "http://127.0.0.1:3000"
  end

  def initialize(url = self.class.url)
    @url = URI(url.to_s.chomp("/"))
    raise URI::Error unless @url.is_a?(URI::HTTP) && @url.host.present?
  rescue URI::Error
    raise ArgumentError, "the component's address begins with http:// or https:// and names a host, unlike #{url}"
  end

  # The container packages of an organisation or user, in GitHub's order, and the kind of this owner.
  def packages(org)
    get("orgs", org, "packages") { |answer, response| Contract.list(answer, owner: response["Owner-Kind"]) }
  end

  # A package's total and daily downloads.
  #
  # +repository+ (owner/repository) and +owner+ (organization or user) come from the list. With them the component needs
  # one request to GitHub; without them it may have to try several URLs.
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
    # Yields the parsed body, and the response for its headers.
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
      # The rest of this answer would be read as the next one.
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
        raise Problem.new("component_failed", "the component's answer is larger than 16 MB") if body.bytesize > MAX_BODY_BYTES
      end
      body
    end

    def connection
      @http ||= Net::HTTP.new(@url.host, @url.port, nil).tap do |http|
        http.use_ssl = @url.scheme == "https"
        http.open_timeout = OPEN_TIMEOUT
        http.read_timeout = READ_TIMEOUT
        http.keep_alive_timeout = KEEP_ALIVE
        # Collection::Runner makes the retries, within the request policy.
        http.max_retries = 0
        http.start
      end
    end

    def escape(segment)
      ERB::Util.url_encode(segment)
    end
end

require "webrick"

# A real HTTP server that records the requests of webhooks, and answers them as it is told.
class WebhookReceiver
  Received = Data.define(:path, :headers, :body) do
    def json = JSON.parse(body)
    def key = headers.fetch("idempotency-key").first
  end

  attr_reader :received

  # +answers+: called with the number of the request and the response, before it is sent.
  def initialize(&answers)
    @received, @mutex = [], Mutex.new
    @server = WEBrick::HTTPServer.new(BindAddress: "127.0.0.1", Port: 0, Logger: WEBrick::Log.new(File::NULL), AccessLog: [])
    @server.mount_proc("/") do |request, response|
      number = @mutex.synchronize do
        @received << Received.new(path: request.unparsed_uri, headers: request.header, body: request.body.to_s.force_encoding(Encoding::UTF_8))
        @received.size
      end
      response.status = 200
      answers&.call(number, response)
    end
    @thread = Thread.new { @server.start }
  end

  def url(path = "/secret-path?key=secret-key")
    "http://127.0.0.1:#{@server.listeners.first.local_address.ip_port}#{path}"
  end

  def stop
    @server.shutdown
    @thread.join
  end
end

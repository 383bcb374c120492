require "net/http"

# An HTTP client that requests paths, several at a time, and does nothing with the answers: the timings' baseline.
class PlainClient
  # +encoding+ is the Accept-Encoding header: "identity" or "gzip". Answers are not decompressed.
  def initialize(url, encoding:)
    @address, @encoding = URI(url), encoding
  end

  # The body of an answer with status 200. Without +http+ it opens a connection for this request.
  def get(path, http = nil)
    return connected { |own| get(path, own) } unless http

    response = http.request(Net::HTTP::Get.new(path, "Accept-Encoding" => @encoding))
    response.is_a?(Net::HTTPOK) or raise "#{path} answered #{response.code}"
    response.body
  end

  # The status of an answer, whatever it is.
  def status(path, headers = {})
    connected { |http| http.request(Net::HTTP::Get.new(path, "Accept-Encoding" => @encoding, **headers)).code.to_i }
  end

  # Yields each item and a connection, in +at_a_time+ threads with a connection each.
  def each(items, at_a_time:)
    remaining = items.each_with_object(Thread::Queue.new) { |item, queue| queue << item }.close
    Array.new(at_a_time) {
      Thread.new do
        connected do |http|
          while (item = remaining.pop)
            yield item, http
          end
        end
      end
    }.each(&:join)
  end

  def get_all(paths, at_a_time:)
    each(paths, at_a_time:) { |path, http| get path, http }
  end

  private
    def connected(&)
      Net::HTTP.start(@address.host, @address.port, &)
    end
end

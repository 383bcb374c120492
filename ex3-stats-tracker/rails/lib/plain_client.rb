require "net/http"

# Asks a server for paths, several at a time: what the timings measure with, and beside.
class PlainClient
  # +encoding+ is what is accepted: "identity" or "gzip". Answers are not unpacked.
  def initialize(url, encoding:)
    @address, @encoding = URI(url), encoding
  end

  # The body of the answer, which has to be 200. Without a connection it makes one for this.
  def get(path, http = nil)
    return connected { |own| get(path, own) } unless http

    response = http.request(Net::HTTP::Get.new(path, "Accept-Encoding" => @encoding))
    response.is_a?(Net::HTTPOK) or raise "#{path} answered #{response.code}"
    response.body
  end

  # Hands each item and a connection to the block, in so many threads with a connection each.
  def each(items, at_a_time:)
    left = items.each_with_object(Thread::Queue.new) { |item, queue| queue << item }.close
    Array.new(at_a_time) {
      Thread.new do
        connected do |http|
          while (item = left.pop)
            yield item, http
          end
        end
      end
    }.each(&:join)
  end

  # Asks for all of the paths.
  def get_all(paths, at_a_time:)
    each(paths, at_a_time:) { |path, http| get path, http }
  end

  private
    def connected(&)
      Net::HTTP.start(@address.host, @address.port, &)
    end
end

# Pages and lists cost up to a tenth of a second each, and anybody may ask for them: a client is given so many a minute.
#
# Rails' own limit, with a store of this process': the web server is one process, and a limit needs no more than to be
# about right where there are several. Requests of this machine itself are not counted.
module RateLimited
  extend ActiveSupport::Concern

  WITHIN = 1.minute

  # Beside the cache of charts, which clients could otherwise push out, or be pushed out by.
  STORE = ActiveSupport::Cache::MemoryStore.new(size: 4.megabytes)

  included do
    most = Rails.configuration.x.requests_per_minute
    if most.positive?
      rate_limit to: most, within: WITHIN, store: STORE, with: -> { too_many_requests }, unless: :unlimited?
    end
  end

  private
    def unlimited?
      from_this_machine?
    end

    def from_this_machine?
      IPAddr.new(request.remote_ip).loopback?
    rescue IPAddr::Error
      false
    end

    def too_many_requests
      response.headers["Retry-After"] = WITHIN.to_i.to_s
      no_store
      refuse_too_many
    end

    def refuse_too_many
      render plain: "Too many requests: try again in a minute.\n", status: :too_many_requests
    end
end

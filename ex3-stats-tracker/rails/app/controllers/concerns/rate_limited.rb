# A limit on each client's requests a minute: pages and lists take up to a tenth of a second each, and are public.
#
# It is Rails' own rate limit, with a store in this process. With several web processes a client may make as many times the
# requests, which is accurate enough. Requests from this machine are not counted.
module RateLimited
  extend ActiveSupport::Concern

  WITHIN = 1.minute

  # Not in Rails.cache: there the counters of many clients could evict cached charts, and charts could evict counters.
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

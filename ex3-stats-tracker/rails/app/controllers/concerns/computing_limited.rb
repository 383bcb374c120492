# An allowance of computing time for each client. A client beyond it is answered in the slow lane, so that others are answered
# as usual.
#
# A web process computes one answer at a time, because of Ruby's global VM lock. A few clients that request years of many
# versions would make everyone wait. The limit of requests a minute does not prevent that: it counts requests, of which one
# costs fifty times as much as another. Schedulers of operating systems treat processes in the same way (multi-level feedback
# queue).
#
# It counts the clients that RateLimited counts, also in this process only.
module ComputingLimited
  extend ActiveSupport::Concern

  # The seconds of computing that a client may use within WITHIN and not wait. A page with its charts takes 0.1.
  ALLOWANCE = 0.5
  WITHIN = 1.minute

  # A request that waits keeps one of the web server's threads: the other half of them is for other clients.
  LANE = SlowLane.new(places: [ Rails.configuration.x.web_threads / 2, 1 ].max)

  # The milliseconds that each client has used.
  STORE = ActiveSupport::Cache::MemoryStore.new(size: 4.megabytes)

  included do
    around_action :limit_computing, unless: :unlimited?
  end

  private
    def limit_computing(&answer)
      if STORE.read(request.remote_ip).to_i > ALLOWANCE * 1000
        LANE.enter(&answer) or too_many_requests
      else
        count_computing(&answer)
      end
    end

    def count_computing
      began = computed
      yield
    ensure
      STORE.increment(request.remote_ip, computed - began, expires_in: WITHIN)
    end

    # The milliseconds that this thread has computed.
    def computed
      Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID, :millisecond)
    end
end

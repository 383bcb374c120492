require "test_helper"

# The limits of each client: requests a minute and computing time.
class LimitsTest < ActionDispatch::IntegrationTest
  LIMIT = Rails.configuration.x.requests_per_minute
  REMOTE_CLIENT = { "REMOTE_ADDR" => "203.0.113.7" }.freeze

  STORES = [ RateLimited::STORE, ComputingLimited::STORE ].freeze

  setup { STORES.each(&:clear) }
  teardown { STORES.each(&:clear) }

  test "each client has its own limit of API requests a minute" do
    LIMIT.times { get "/api/orgs.json", env: REMOTE_CLIENT }
    assert_response :ok
    get "/api/orgs.json", env: REMOTE_CLIENT
    assert_response :too_many_requests
    assert_equal [ "application/problem+json", "60", "no-store" ], [ response.media_type, *response.headers.values_at("Retry-After", "Cache-Control") ]
    assert_equal "too many requests: try again in a minute", response.parsed_body["detail"]
    get "/api/orgs.json", env: { "REMOTE_ADDR" => "203.0.113.8" }
    assert_response :ok
    travel 61.seconds
    get "/api/orgs.json", env: REMOTE_CLIENT
    assert_response :ok
  end

  test "pages have a limit as well; behind a proxy it counts the client of X-Forwarded-For" do
    (LIMIT + 1).times { get "/compare", env: { "REMOTE_ADDR" => "10.0.0.1", "HTTP_X_FORWARDED_FOR" => "203.0.113.9" } }
    assert_response :too_many_requests
    assert_equal "Too many requests: try again in a minute.\n", response.body
    get "/compare", env: { "REMOTE_ADDR" => "10.0.0.1", "HTTP_X_FORWARDED_FOR" => "203.0.113.10" }
    assert_response :ok
    get "/compare", env: { "REMOTE_ADDR" => "203.0.113.9", "HTTP_X_FORWARDED_FOR" => "127.0.0.1" }
    assert_response :too_many_requests
    get "/compare", env: { "REMOTE_ADDR" => "203.0.113.11", "HTTP_X_FORWARDED_FOR" => "1.1.1.1", "HTTP_CLIENT_IP" => "2.2.2.2" }
    assert_response :ok
  end

  test "badges, health checks and requests from this machine have no limit" do
    (LIMIT + 1).times { get "/badges/fluxcd.svg", env: REMOTE_CLIENT }
    assert_response :ok
    (LIMIT + 1).times { get "/healthz", env: REMOTE_CLIENT }
    assert_response :ok
    (LIMIT + 1).times { get "/api/orgs.json" }
    assert_response :ok
  end

  test "the computing time of each client is counted for a minute, that of badges and of this machine is not" do
    get "/orgs/fluxcd", env: REMOTE_CLIENT
    assert_operator computing_of("203.0.113.7"), :>, 0
    ComputingLimited::STORE.clear
    get "/badges/fluxcd.svg", env: REMOTE_CLIENT
    get "/orgs/fluxcd"
    assert_equal [ 0, 0 ], [ computing_of("203.0.113.7"), computing_of("127.0.0.1") ]
    ComputingLimited::STORE.increment("203.0.113.7", 501, expires_in: ComputingLimited::WITHIN)
    travel 61.seconds
    assert_equal 0, computing_of("203.0.113.7")
  end

  test "a client beyond its computing time is answered in the slow lane" do
    ComputingLimited::STORE.write("203.0.113.7", 501)
    places = Rails.configuration.x.web_threads / 2
    in_lane(places - 1) do
      get "/orgs/fluxcd", env: REMOTE_CLIENT
      assert_response :ok
    end
    in_lane(places) do
      get "/api/orgs.json", env: REMOTE_CLIENT
      assert_response :too_many_requests
      assert_equal [ "application/problem+json", "60", "no-store" ], [ response.media_type, *response.headers.values_at("Retry-After", "Cache-Control") ]
      get "/orgs/fluxcd", env: REMOTE_CLIENT
      assert_response :too_many_requests
      get "/orgs/fluxcd", env: { "REMOTE_ADDR" => "203.0.113.8" }
      assert_response :ok
      get "/badges/fluxcd.svg", env: REMOTE_CLIENT
      assert_response :ok
    end
    get "/orgs/fluxcd", env: REMOTE_CLIENT
    assert_response :ok
  end

  test "every controller with figures has both limits" do
    limited, free = Rails.application.routes.routes.filter_map { |route| route.defaults[:controller] }.uniq
      .map { |name| "#{name.camelize}Controller".constantize }.partition { |controller| controller.include?(RateLimited) && controller.include?(ComputingLimited) }
    assert_equal [ HealthController ], free - [ Rails::HealthController ] unless free.any? { |controller| controller.name.start_with?("Rails::") }
    assert_operator limited.size, :>, 10
  end

  private
    # The milliseconds that a client has used.
    def computing_of(client)
      ComputingLimited::STORE.read(client).to_i
    end

    # Yields while so many threads hold places of the slow lane, but none of them computes.
    def in_lane(count)
      places = ComputingLimited::LANE.places
      count.times { places.acquire }
      yield
    ensure
      count.times { places.release }
    end
end

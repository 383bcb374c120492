require "test_helper"

# The rate limit of each client.
class LimitsTest < ActionDispatch::IntegrationTest
  LIMIT = Rails.configuration.x.requests_per_minute
  REMOTE_CLIENT = { "REMOTE_ADDR" => "203.0.113.7" }.freeze

  setup { RateLimited::STORE.clear }
  teardown { RateLimited::STORE.clear }

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

  test "every controller with figures has a limit" do
    limited, free = Rails.application.routes.routes.filter_map { |route| route.defaults[:controller] }.uniq
      .map { |name| "#{name.camelize}Controller".constantize }.partition { |controller| controller.include?(RateLimited) }
    assert_equal [ HealthController ], free - [ Rails::HealthController ] unless free.any? { |controller| controller.name.start_with?("Rails::") }
    assert_operator limited.size, :>, 10
  end
end

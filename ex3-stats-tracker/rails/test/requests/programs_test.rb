require "test_helper"

# Badges, metrics, feeds and health checks, and the headers of every answer.
class ProgramsTest < ActionDispatch::IntegrationTest
  test "a badge" do
    get "/badges/fluxcd/flagger.svg"
    assert_response :success
    assert_equal [ "image/svg+xml", "max-age=300, public" ], [ response.media_type, response.headers["Cache-Control"] ]
    assert_equal [ "downloads (stand-in)", "250" ], Nokogiri::XML(response.body, &:strict).css("text:not([aria-hidden])").map(&:text)
    get "/badges/fluxcd.json"
    assert_equal({ "schemaVersion" => 1, "label" => "downloads (stand-in)", "message" => "350", "color" => "blue", "isError" => false }, response.parsed_body)
  end

  test "a badge of a period, of a version, exact, and in shields' styles" do
    travel_to Time.utc(2026, 5, 10, 18)
    packages(:flagger).update!(growth_7: 14_360)
    { "show=week" => [ "downloads (stand-in)", "14.4K/week" ], "show=week&numbers=exact" => [ "downloads (stand-in)", "14,360/week" ], "show=version" => [ "version (stand-in)", "v1.1.0" ],
      "show=month" => [ "downloads (stand-in)", "unknown" ],
      "show=total&style=for-the-badge&label=pulls" => [ "PULLS (STAND-IN)", "250" ], "style=flat-square" => [ "downloads (stand-in)", "250" ] }.each do |query, texts|
      get "/badges/fluxcd/flagger.svg?#{query}"
      assert_equal texts, Nokogiri::XML(response.body, &:strict).css("text:not([aria-hidden])").map(&:text), query
    end
    get "/badges/fluxcd.json?show=day"
    assert_equal "10/day", response.parsed_body["message"]
    %w[/badges/fluxcd.svg?show=version /badges/fluxcd.svg?show=year /badges/fluxcd.svg?style=round
       /badges/fluxcd.svg?numbers=long /badges/nobody.svg?style=round /badges/fluxcd.svg?show[]=day].each do |path|
      get path
      assert_response :bad_request, path
    end
  end

  test "a badge of a name with slashes and dots" do
    get "/badges/fluxcd/charts/flagger.json.svg"
    assert_includes response.body, ">100<"
    get "/badges/fluxcd/charts/flagger.json.json"
    assert_equal "100", response.parsed_body["message"]
  end

  test "a badge of an unknown total or package is a picture with the word unknown" do
    %w[/badges/nobody.svg /badges/fluxcd/nothing.svg /badges/unread.svg].each do |path|
      get path
      assert_equal "image/svg+xml", response.media_type
      assert_includes response.body, ">unknown<"
    end
    assert_response :success
    get "/badges/nobody.json"
    assert_response :not_found
    assert response.parsed_body["isError"]
  end

  test "a badge's label is text" do
    get "/badges/fluxcd.svg", params: { label: %("><script>alert(1)</script>) }
    assert_empty Nokogiri::XML(response.body, &:strict).css("script")
    assert_equal "default-src 'none'", response.headers["Content-Security-Policy"]
    get "/badges/fluxcd.svg", params: { label: "a\u0000b" }
    assert_response :bad_request
    [ "a\u0007b", "\uFFFE", "\uFFFF", "\u{1FFFE}" ].each do |label|
      get "/badges/fluxcd.svg", params: { label: }
      assert_response :success
      Nokogiri::XML(response.body, &:strict)
    end
  end

  test "metrics" do
    get "/metrics"
    assert_response :success
    assert_equal "text/plain; version=0.0.4; charset=utf-8", response.headers["Content-Type"]
    body = response.body
    [
      'stats_tracker_org_downloads{org="fluxcd",source="stand-in"} 350',
      'stats_tracker_package_downloads{org="fluxcd",source="stand-in",package="flagger"} 250',
      %(stats_tracker_package_last_success_timestamp_seconds{org="fluxcd",source="stand-in",package="flagger"} #{Time.utc(2026, 5, 10, 12).to_i}),
      %(stats_tracker_last_success_timestamp_seconds{org="fluxcd",source="stand-in"} #{Time.utc(2026, 5, 10, 12, 0, 20).to_i}),
      'stats_tracker_failing_packages{org="fluxcd",source="stand-in",kind="markup_changed"} 1',
      'stats_tracker_collection_duration_seconds{org="fluxcd",source="stand-in"} 20.5',
      'stats_tracker_collection_packages{org="fluxcd",source="stand-in",outcome="failed"} 1',
      'stats_tracker_collection_failures{org="fluxcd",source="stand-in",kind="markup_changed"} 1',
      'stats_tracker_collection_failures{org="fluxcd",source="stand-in",kind="rate_limited"} 0',
      'stats_tracker_collection_stopped{org="fluxcd",source="stand-in"} 0'
    ].each { |line| assert_includes body.lines.map(&:chomp), line }
    assert_no_match(/stats_tracker_org_downloads\{org="unread"/, body, "an unknown value has no sample")
    body.each_line { |line| assert_match(/\A(# (HELP|TYPE) \w+ .+|\w+\{(\w+="([^"\\\n]|\\[\\"n])*",?)*\} -?\d+(\.\d+)?)\n\z/, line) }
  end

  test "metrics of the configured organisations: those that were never read, and how long a round takes" do
    with_environment("STATS_TRACKER_ORGS" => "FluxCD unread not-stored", "STATS_TRACKER_SOURCE" => "github.com", "STATS_TRACKER_ROUND_SECONDS" => "60") { get "/metrics" }
    assert_equal [
      'stats_tracker_org_never_read{org="fluxcd",source="stand-in"} 0', 'stats_tracker_org_never_read{org="unread",source="github.com"} 1',
      'stats_tracker_org_never_read{org="not-stored",source="github.com"} 1', "stats_tracker_round_seconds{} 61.5", "stats_tracker_round_limit_seconds{} 60"
    ], response.body.lines.map(&:chomp).grep(/\Astats_tracker_(org_never_read|round)/)
    get "/metrics"
    assert_no_match(/^stats_tracker_(org_never_read|round_\w+)\{/, response.body, "nothing is configured here")
  end

  test "a label's value is escaped" do
    packages(:flagger).update_columns(name: %(a"b\\c\nd))
    get "/metrics"
    assert_includes response.body, 'package="a\"b\\\\c\nd"} 250'
  end

  test "a feed of milestones" do
    get "/feeds/fluxcd.atom"
    assert_response :success
    assert_equal "application/atom+xml", response.media_type
    feed = Nokogiri::XML(response.body, &:strict).remove_namespaces!
    assert_includes feed.at("feed > title").text, "stand-in"
    assert_equal [ "fluxcd/flagger passed 1,000 downloads (stand-in)" ], feed.css("entry > title").map(&:text)
    assert_equal [ "tag:stats-tracker,2026:fluxcd/flagger:1000" ], feed.css("entry > id").map(&:text)
    assert_equal [ "http://www.example.com/orgs/fluxcd/packages/flagger" ], feed.css("entry > link").map { |link| link["href"] }
    get "/feeds/unread.atom"
    assert_response :success
  end

  test "a feed is well-formed with any name of a package, and has no entry from the future" do
    packages(:flagger).update_columns(name: "a\uFFFE\u0007<b>")
    orgs(:fluxcd).milestones.create!(threshold: 5_000, at: 1.year.from_now)
    get "/feeds/fluxcd.atom"
    feed = Nokogiri::XML(response.body, &:strict).remove_namespaces!
    assert_equal [ "fluxcd/a\uFFFD\uFFFD<b> passed 1,000 downloads (stand-in)" ], feed.css("entry > title").map(&:text)
  end

  test "liveness and readiness" do
    get "/healthz"
    assert_response :success
    get "/readyz"
    assert_equal({ "status" => "ready" }, response.parsed_body)
  end

  test "without its tables or its database the server is alive, but not ready" do
    context = ActiveRecord::Base.connection_pool.migration_context.class
    original = context.instance_method(:needs_migration?)
    { -> { true } => "migrations", -> { raise ActiveRecord::ConnectionNotEstablished, "host secret.example user admin" } => "can't be reached" }.each do |state, reason|
      context.define_method(:needs_migration?) { state.call }
      get "/readyz"
      assert_response :service_unavailable
      assert_includes response.parsed_body["reason"], reason
      assert_not_includes response.body, "secret"
      get "/healthz"
      assert_response :success
    end
  ensure
    context.define_method(:needs_migration?, original)
  end

  test "no answer sets a cookie, and every answer has the security headers" do
    %w[/api/orgs.json /badges/fluxcd.svg /metrics /feeds/fluxcd.atom /healthz].each do |path|
      get path
      assert_nil response.headers["Set-Cookie"], path
      assert_equal [ "nosniff", "DENY", "no-referrer" ], response.headers.values_at("X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"), path
      assert_includes response.headers["Content-Security-Policy"], "default-src 'none'", path
    end
  end

  test "a client that accepts gzip gets a compressed answer" do
    get "/metrics"
    plain = response.body
    assert_nil response.headers["Content-Encoding"]
    assert_includes response.headers["Vary"], "Accept-Encoding"
    get "/metrics", headers: { "Accept-Encoding" => "gzip" }
    assert_equal "gzip", response.headers["Content-Encoding"]
    assert_operator response.body.bytesize, :<, plain.bytesize / 3
    assert_equal plain, Zlib.gunzip(response.body)
  end

  test "the content security policy allows no inline code and no other host" do
    get "/api/orgs.json"
    policy = response.headers["Content-Security-Policy"]
    assert_no_match(/unsafe|nonce|\*|https?:/, policy)
    assert_includes policy, "script-src 'self'"
    assert_includes policy, "frame-ancestors 'none'"
  end
end

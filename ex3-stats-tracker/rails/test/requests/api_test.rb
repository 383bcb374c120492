require "test_helper"

class ApiTest < ActionDispatch::IntegrationTest
  LISTS = %w[
    /api/orgs /api/orgs/fluxcd /api/packages/fluxcd /api/packages/fluxcd/flagger /api/versions/fluxcd/flagger
    /api/measurements/fluxcd/flagger /api/downloads/fluxcd /api/downloads/fluxcd/flagger /api/days/fluxcd /api/days/fluxcd/flagger
    /api/failures/fluxcd /api/failures/fluxcd/flagger /api/collections/fluxcd
  ].freeze

  LISTS.each do |path|
    test "#{path} has the same values as JSON and as CSV" do
      get "#{path}.json"
      assert_response :success
      assert_equal "application/json", response.media_type
      json = JSON.parse(response.body)
      rows = json.values.grep(Array).find { |list| list.first.is_a?(Hash) || list.empty? } || [ json ]
      rows = [ json ] unless path.end_with?("s") || json.values.grep(Array).any? { |list| list.first.is_a?(Hash) } || rows.empty?

      get "#{path}.csv"
      assert_response :success
      assert_equal "text/csv", response.media_type
      table = CSV.parse(response.body, headers: true)
      assert_equal rows.size, table.size
      table.each_with_index do |line, index|
        shared = rows[index].except("recent", "recent_until", "detail", "tags", "repository")
        shared.each do |name, value|
          next if value.to_s.match?(/\A\d{4}-\d\d-\d\dT/) && assert_equal(Time.iso8601(value), Time.iso8601(line[name]))
          assert_equal value.to_s, line[name].to_s, name
        end
      end
    end

    test "#{path} answers 304 while nothing has changed" do
      %w[json csv].each do |format|
        get "#{path}.#{format}"
        etag = response.headers["ETag"]
        assert etag, "an ETag"
        get "#{path}.#{format}", headers: { "If-None-Match" => etag }
        assert_response :not_modified
        assert_empty response.body
      end
    end

    test "#{path} names the source of its figures" do
      get "#{path}.json"
      assert_includes response.body, '"source":"stand-in"'
      get "#{path}.csv"
      assert_includes response.body.lines.first, "source"
    end
  end

  test "an ETag changes with the figures" do
    get "/api/packages/fluxcd/flagger.json"
    etag = response.headers["ETag"]
    packages(:flagger).update!(total: 251)
    get "/api/packages/fluxcd/flagger.json", headers: { "If-None-Match" => etag }
    assert_response :success
    assert_equal 251, response.parsed_body["total"]

    get "/api/chart/fluxcd/flagger.json"
    etag = response.headers["ETag"]
    get "/api/chart/fluxcd/flagger.json", headers: { "If-None-Match" => etag }
    assert_response :not_modified
    packages(:flagger).touch
    get "/api/chart/fluxcd/flagger.json", headers: { "If-None-Match" => etag }
    assert_response :success
  end

  test "an ETag changes with a failure, also with a second one of the same kind" do
    problem, at = Component::Problem.new("timed_out", "too slow"), Time.utc(2026, 5, 11, 6)
    %w[total total versions].each_with_index do |about, hours|
      get "/api/chart/fluxcd/flagger.json"
      etag, of_org = response.headers["ETag"], (get("/api/chart/fluxcd.json") && response.headers["ETag"])
      travel 1.second
      packages(:flagger).reload.record_failure(problem, about:, at: at + hours.hours)
      orgs(:fluxcd).reload.update_sums(at.to_date, at.to_date)
      get "/api/chart/fluxcd/flagger.json?until=2026-05-11", headers: { "If-None-Match" => etag }
      assert_equal hours + 1, response.parsed_body["failures"].last.second, about
      get "/api/chart/fluxcd/flagger.json", headers: { "If-None-Match" => etag }
      assert_response :success, about
      get "/api/chart/fluxcd.json", headers: { "If-None-Match" => of_org }
      assert_response :success, about
    end
  end

  test "a package with a slash, escaped or not, and with dots in its name" do
    %w[/api/packages/fluxcd/charts/flagger.json.json /api/packages/fluxcd/charts%2Fflagger.json.json /api/packages/FluxCD/charts/flagger.json.json].each do |path|
      get path
      assert_response :success
      assert_equal [ "charts/flagger.json", 100, "=fluxcd/<script>alert(1)</script>" ], response.parsed_body.values_at("name", "total", "repository")
    end
  end

  test "all pages together are all rows, once" do
    package = packages(:gone)
    times = (0...25).map { |number| Time.utc(2026, 1, 1) + number.hours }
    Measurement.insert_all!(times.map { |at| { package_id: package.id, at:, total: 1 } })
    seen = []
    path = "/api/measurements/fluxcd/gone.json?limit=10&from=2026-01-01"
    while path
      get path
      rows = response.parsed_body["measurements"]
      assert_operator rows.size, :<=, 10
      seen.concat(rows.map { |row| Time.iso8601(row["at"]) })
      # Rows that are added before the page do not shift the next one.
      Measurement.insert_all!([ { package_id: package.id, at: Time.utc(2026, 1, 1) - seen.size.minutes, total: 1 } ])
      path = response.headers["Link"]&.slice(/<(.*)>; rel="next"/, 1)
    end
    assert_equal times, seen
  end

  test "pages ordered by two columns" do
    org = orgs(:fluxcd)
    at = Time.utc(2026, 3, 1)
    %w[total versions].each { |about| 3.times { |number| org.failures.create!(package: packages(:flagger), at: at + number, about:, kind: "timed_out", detail: "x") } }
    details = []
    path = "/api/failures/fluxcd/flagger.csv?limit=1"
    while path
      get path
      details.concat CSV.parse(response.body, headers: true).map { |row| [ row["at"], row["about"] ] }
      path = response.headers["Link"]&.slice(/<(.*)>; rel="next"/, 1)
    end
    assert_equal 6, details.uniq.size
    assert_equal details.map(&:first), details.map(&:first).sort
  end

  test "between two days, both included" do
    get "/api/measurements/fluxcd/flagger.json?from=2026-05-09&until=2026-05-09"
    assert_equal [ 240 ], response.parsed_body["measurements"].pluck("total")
    get "/api/downloads/fluxcd/flagger.json?from=2026-05-08"
    assert_equal [ "2026-05-08", "2026-05-10" ], response.parsed_body["downloads"].pluck("date")
    get "/api/downloads/fluxcd/flagger.json?until=2026-05-06"
    assert_equal [ 9 ], response.parsed_body["downloads"].pluck("count")
  end

  test "an unknown value is null and not 0" do
    get "/api/days/fluxcd/charts/flagger.json.json"
    assert_equal [ [ "2026-05-09", 100 ], [ "2026-05-10", nil ] ], response.parsed_body["days"].map { |day| day.values_at("date", "total") }
    get "/api/orgs/unread.json"
    assert_nil response.parsed_body["total"]
    get "/api/orgs/unread.csv"
    assert_equal "unread,github.com,,0,,,,,,,,,,", response.body.lines.last.chomp
  end

  test "no cell is a formula" do
    get "/api/failures/fluxcd.csv"
    assert_equal "'=the page </script><script>alert(1)</script> has changed", CSV.parse(response.body, headers: true).find { |row| row["package"] }["detail"]
    get "/api/versions/fluxcd/flagger.csv"
    assert_includes CSV.parse(response.body, headers: true).first["tags"], "v1.1.0 =cmd"
    get "/api/packages/fluxcd.csv"
    assert_equal "'=fluxcd/<script>alert(1)</script>", CSV.parse(response.body, headers: true).find { |row| row["name"].start_with?("charts") }["repository"]
  end

  test "a browser can't take JSON for HTML" do
    get "/api/failures/fluxcd.json"
    assert_not_includes response.body, "<script>"
    assert_equal "nosniff", response.headers["X-Content-Type-Options"]
  end

  test "the file name of a CSV has only safe characters" do
    get "/api/versions/fluxcd/flagger.csv"
    assert_equal %(attachment; filename="versions-fluxcd-flagger.csv"; filename*=UTF-8''versions-fluxcd-flagger.csv), response.headers["Content-Disposition"]
  end

  BAD = [
    "/api/packages/fluxcd.json?limit=0", "/api/packages/fluxcd.json?limit=10001", "/api/packages/fluxcd.json?limit=-5",
    "/api/packages/fluxcd.json?limit=1e3", "/api/packages/fluxcd.json?limit=99999999999999999999", "/api/packages/fluxcd.json?limit[]=1",
    "/api/measurements/fluxcd/flagger.json?from=yesterday", "/api/measurements/fluxcd/flagger.json?from=2026-02-30",
    "/api/measurements/fluxcd/flagger.json?from=0000-01-01", "/api/measurements/fluxcd/flagger.json?from=9999-01-01",
    "/api/measurements/fluxcd/flagger.json?from=2026-05-10&until=2026-05-09", "/api/measurements/fluxcd/flagger.json?from[]=2026-05-10",
    "/api/measurements/fluxcd/flagger.json?after=x", "/api/failures/fluxcd.json?after=2026-05-10T12:00:00Z",
    "/api/failures/fluxcd.json?after=2026-05-10T12:00:00Z,99999999999999999999", "/api/packages/fluxcd.json?after=%00",
    "/api/chart/fluxcd.json?from=1990-01-01&until=2026-01-01", "/api/chart/fluxcd/flagger.json?versions=21",
    "/api/chart/fluxcd/flagger.json?versions=-1", "/api/chart/fluxcd/flagger.json?versions=5&group=patch",
    "/api/chart/fluxcd/flagger.json?group[]=minor", "/api/packages/fluxcd/a%00b.json"
  ].freeze

  BAD.each do |path|
    test "#{path} is a problem" do
      get path
      assert_response :bad_request
      assert_equal "application/problem+json", response.media_type
      assert_equal %w[type title status detail], response.parsed_body.keys
      assert_equal [ 400, "no-store" ], [ response.parsed_body["status"], response.headers["Cache-Control"] ]
    end
  end

  test "invalid UTF-8 is refused" do
    %w[/api/packages/fluxcd/%FF.json /api/packages/fluxcd.json?after=%FF /badges/%FF.svg /orgs/%FF].each do |path|
      get path
      assert_includes [ 400, 404 ], response.status, path
    end
  end

  test "an unknown record is a problem with status 404" do
    %w[/api/orgs/nobody.json /api/packages/nobody.csv /api/packages/fluxcd/nothing.json /api/measurements/fluxcd/flagger.json/x.json
       /api/chart/nobody.json /feeds/nobody.atom].each do |path|
      get path
      assert_response :not_found
      assert_equal [ "application/problem+json", 404 ], [ response.media_type, response.parsed_body["status"] ], path
    end
  end

  test "nothing can be written" do
    %i[post put patch delete].each do |method|
      public_send method, "/api/orgs.json"
      assert_response :method_not_allowed
    end
  end

  test "HEAD is GET without its body" do
    head "/api/orgs.json"
    assert_response :success
    assert_empty response.body
  end

  test "a chart's range is limited to the stored days" do
    travel_to Time.utc(2026, 5, 11, 9)
    %w[?from=1970-01-01 ?until=2100-01-01 ?from=2020-01-01&until=2026-05-11].push("").each do |query|
      get "/api/chart/fluxcd/flagger.json#{query}"
      assert_equal [ "2026-05-06", 6, 6 ], [ *response.parsed_body.values_at("from", "days"), response.parsed_body["totals"].size ], query
      get "/api/chart/fluxcd.json#{query}"
      assert_equal [ "2026-05-06", 6 ], response.parsed_body.values_at("from", "days"), query
    end
    get "/api/chart/fluxcd.json?from=2100-01-01"
    assert_equal [ 0, [] ], response.parsed_body.values_at("days", "totals")
    get "/api/chart/fluxcd.json?from=0001-01-01"
    assert_response :bad_request
  end

  test "a chart" do
    get "/api/chart/fluxcd/flagger.json?from=2026-05-08&until=2026-05-10&versions=1"
    assert_equal({ "totals" => [ 245, 240, 250 ], "downloads" => [ 7, nil, 5 ], "unsettled" => [ 2 ], "fell" => [ 1 ], "failures" => [ [ 1, 2, "timed_out" ] ] },
      response.parsed_body.slice("totals", "downloads", "unsettled", "fell", "failures"))
    get "/api/chart/fluxcd.json?from=2026-05-09&until=2026-05-10"
    assert_equal [ [ 340, 350 ], [ [ 1, 1 ] ] ], response.parsed_body.values_at("totals", "stale")
  end
end

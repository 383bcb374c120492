require "test_helper"
require "json_schemer"
require "yaml"

# openapi.yaml has every path for programs, and every answer is one that it describes.
class OpenapiTest < ActionDispatch::IntegrationTest
  DOCUMENT = YAML.load_file(Rails.root.join("openapi.yaml"), permitted_classes: [ Date ])

  # Routes to pages, and the one to what has no route.
  NOT_FOR_PROGRAMS = %w[dashboard comparisons organisations packages unrouted].freeze

  SUBJECTS = [ { "org" => "fluxcd", "name" => "flagger" }, { "org" => "FluxCD", "name" => "charts/flagger.json" }, { "org" => "fluxcd", "name" => "gone" },
    { "org" => "unread", "name" => "nothing" }, { "org" => "nobody", "name" => "flagger" } ].freeze

  # Rails refuses migrations from the future.
  setup { travel_to Time.utc(2026, 5, 10, 18) unless name.include?("readyz") }

  test "the document has every path, and no other" do
    routes = Rails.application.routes.routes.reject { |route| route.internal || NOT_FOR_PROGRAMS.include?(route.defaults[:controller]) }
    assert_equal [ "GET" ], routes.map(&:verb).uniq
    paths = routes.map do |route|
      pattern = route.path.spec.to_s.gsub(/[:*](org|name)/, '{\1}')
      formats = route.requirements[:format]&.source&.split("|")
      formats&.one? ? pattern.sub(":format", formats.first) : pattern.sub(":format", "{format}")
    end
    assert_equal paths.sort, DOCUMENT["paths"].keys.sort
    routes.each do |route|
      next unless route.requirements[:format]&.source&.include?("|")

      parameter = parameters(route.path.spec.to_s.gsub(/[:*](org|name)/, '{\1}').sub(":format", "{format}")).find { |one| one["name"] == "format" }
      assert_equal route.requirements[:format].source.split("|").sort, parameter["schema"]["enum"].sort, route.path.spec
    end
  end

  DOCUMENT["paths"].each_key do |path|
    test "the answers of #{path}" do
      statuses = addresses(path).map { |address| assert_documented path, address }
      assert_includes statuses, 200, "the test has an answer with figures"
      assert_includes statuses, 404 if path.include?("{org}")
    end

    in_query = (DOCUMENT["paths"][path]["get"]["parameters"] || []).map { |one| DOCUMENT["components"]["parameters"][one["$ref"].split("/").last] }.select { |one| one["in"] == "query" }
    in_query.any? && test("each parameter of #{path}") do
      addresses(path, SUBJECTS.first(1)).product(in_query).each do |address, parameter|
        good, wrong = examples(parameter)
        required = in_query.select { |one| one["required"] && one != parameter }.to_h { |one| [ one["name"], one["example"] ] }
        good.each { |value| assert_not_equal 400, assert_documented(path, "#{address}?#{required.merge(parameter["name"] => value).to_query}"), "#{parameter["name"]}=#{value}" }
        wrong.each { |value| assert_equal 400, assert_documented(path, "#{address}?#{required.merge(parameter["name"] => value).to_query}"), "#{parameter["name"]}=#{value}" }
      end
    end

    test "other methods of #{path}" do
      address = addresses(path).first
      %i[post put patch delete].each do |method|
        public_send method, address
        assert_equal 405, assert_answer(path, "#{method} #{address}")
      end
      options address
      assert_response :no_content
      assert_equal [ "GET, HEAD, OPTIONS", "GET, HEAD, OPTIONS", "*", "If-None-Match" ],
        response.headers.values_at("Allow", "Access-Control-Allow-Methods", "Access-Control-Allow-Origin", "Access-Control-Allow-Headers")
      head address
      assert_response :success
      assert_empty response.body
    end

    test "an answer of #{path} that the client has" do
      address = addresses(path).first
      get address
      etag = response.headers["ETag"] or next assert_not_includes(DOCUMENT["paths"][path]["get"]["responses"], "304")
      get address, headers: { "If-None-Match" => etag }
      assert_equal 304, assert_answer(path, address)
      assert_empty response.body
      assert_equal "*", response.headers["Access-Control-Allow-Origin"] if DOCUMENT["paths"][path]["get"]["responses"]["200"]["headers"].key?("Access-Control-Allow-Origin")
    end

    test "too many requests to #{path}" do
      limited = DOCUMENT["paths"][path]["get"]["responses"].key?("429")
      address = addresses(path).first
      RateLimited::STORE.define_singleton_method(:increment) { |*, **| Rails.configuration.x.requests_per_minute + 1 }
      get address, env: { "REMOTE_ADDR" => "203.0.113.7" }
      assert_equal limited ? 429 : 200, assert_answer(path, address)
    ensure
      RateLimited::STORE.singleton_class.remove_method :increment
    end
  end

  test "a list's CSV has the columns of its JSON" do
    DOCUMENT["paths"].each_key do |path|
      next unless path.start_with?("/api/") && !path.match?(%r{/(chart|adoption)/})

      # The first package has measurements, the second one failures.
      address, document, rows = addresses(path, SUBJECTS.first(2)).grep(/json\z/).map { |one|
        get one
        document = response.parsed_body
        [ one, document, document.values.find { |value| value.is_a?(Array) && value.first.is_a?(Hash) } ]
      }.max_by { |_, _, found| found.to_a.size }
      names = document.reject { |_, value| value.is_a?(Array) }.keys + (rows ? rows.first.keys : [])
      get address.sub(/json\z/, "csv")
      assert_equal names.without("recent", "recent_until"), CSV.parse_line(response.body), path
    end
  end

  test "what has no path is a problem with CORS for programs, and a page for people" do
    %w[/api /api/nothing.json /api/orgs /api/orgs.xml /api/orgs/-x.json /badges/fluxcd.png /charts/fluxcd.gif /feeds/fluxcd /metrics/x /api/packages.json].each do |path|
      get path
      assert_response :not_found, path
      assert_equal [ "application/problem+json", "*", "no-store" ], [ response.media_type, *response.headers.values_at("Access-Control-Allow-Origin", "Cache-Control") ], path
      assert_problem
      post path
      assert_response :not_found, path
    end
    %w[/nothing /orgs /orgs/fluxcd/nothing /metricsx /index.php].each do |path|
      get path
      assert_response :not_found, path
      assert_equal "text/html", response.media_type, path
      assert_includes response.body, "<h1>", path
    end
    %w[/ /compare /orgs/fluxcd /orgs/fluxcd/packages/flagger].each do |path|
      post path
      assert_equal [ 405, "GET, HEAD, OPTIONS" ], [ response.status, response.headers["Allow"] ], path
      assert_problem
    end
  end

  test "a database that is not ready" do
    context = ActiveRecord::Base.connection_pool.migration_context.class
    original = context.instance_method(:needs_migration?)
    context.define_method(:needs_migration?) { true }
    assert_equal 503, assert_documented("/readyz", "/readyz")
  ensure
    context.define_method(:needs_migration?, original)
  end

  private
    def parameters(path)
      (DOCUMENT.dig("paths", path, "get", "parameters") || []).map { |parameter| resolve(parameter) }
    end

    def resolve(node)
      node.key?("$ref") ? DOCUMENT.dig(*node["$ref"].delete_prefix("#/").split("/")) : node
    end

    # The path with each subject and each format.
    def addresses(path, subjects = SUBJECTS)
      formats = parameters(path).find { |parameter| parameter["name"] == "format" }&.dig("schema", "enum") || [ nil ]
      query = parameters(path).find { |parameter| parameter["required"] && parameter["in"] == "query" }
      subjects.product(formats).map { |subject, format|
        address = path.sub("{org}", subject["org"]).sub("{name}", ERB::Util.url_encode(subject["name"])).sub("{format}", format.to_s)
        query && subjects == SUBJECTS ? "#{address}?#{{ query["name"] => "#{subject["org"]}/#{subject["name"]}" }.to_query}" : address
      }.uniq
    end

    # Values that the schema allows, and others.
    def examples(parameter)
      schema = parameter["schema"]
      if schema["enum"] then [ schema["enum"], [ "other", "" ] ]
      elsif schema["type"] == "integer" then [ schema.values_at("minimum", "maximum"), [ schema["minimum"] - 1, schema["maximum"] + 1, "x" ] ]
      elsif schema["format"] == "date" then [ %w[2026-05-01 2026-05-10], %w[2026-02-30 today] ]
      elsif parameter["name"] == "after" then [ [], [ "\0" ] ]
      elsif parameter["required"] then [ [ parameter["example"].sub("flux-cli", "gone") ], [ "" ] ]
      else [ [ parameter["example"], "<é>" ], [ "\0" ] ]
      end
    end

    # Returns the status.
    def assert_documented(path, address)
      get address
      assert_answer path, address
    end

    def assert_answer(path, address)
      documented = DOCUMENT.dig("paths", path, "get", "responses", response.status.to_s)
      answer = resolve(documented || flunk("#{address} answers #{response.status}, which is not documented: #{response.body.first(500)}"))
      (answer["headers"] || {}).each do |name, header|
        header, value = resolve(header), response.headers[name]
        assert value, "#{name} of #{address}" if header["required"]
        assert schema(header["schema"]).valid?(value), "#{name} of #{address}: #{value}" if value
      end
      return response.status unless answer["content"]

      media_type = response.media_type.split(";").first
      schema_of_body = answer["content"].fetch(media_type) { flunk "#{address} answers #{media_type}" }["schema"]
      body = media_type.end_with?("json") ? JSON.parse(response.body) : response.body
      errors = schema(schema_of_body).validate(body).first(3).map { |error| error.slice("data_pointer", "type", "data", "details") }
      assert_empty errors, address
      response.status
    end

    def schema(node)
      node = node["$ref"] ? { "$ref" => node["$ref"] } : node
      JSONSchemer.schema(node.merge("components" => DOCUMENT["components"]))
    end

    def assert_problem
      assert_empty schema({ "$ref" => "#/components/schemas/Problem" }).validate(response.parsed_body).to_a
    end
end

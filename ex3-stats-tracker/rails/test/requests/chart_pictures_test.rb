require "test_helper"

# Charts as SVG.
class ChartPicturesTest < ActionDispatch::IntegrationTest
  setup { travel_to Time.utc(2026, 5, 10, 18) }

  def picture(path)
    get path
    assert_response :success, path
    assert_equal [ "image/svg+xml", "default-src 'none'", "max-age=300, public" ],
      [ response.media_type, *response.headers.values_at("Content-Security-Policy", "Cache-Control") ], path
    Nokogiri::XML(response.body, &:strict).remove_namespaces!.tap do |svg|
      assert_empty svg.css("style, script, image, [style], [href]").to_a, path
    end
  end

  test "every chart, in both themes and scales" do
    [ "/charts/fluxcd.svg", "/charts/fluxcd/flagger.svg", "/charts/fluxcd/flagger.svg?show=downloads", "/charts/fluxcd/flagger.svg?show=versions",
      "/charts/fluxcd/charts/flagger.json.svg", "/compare.svg?packages=fluxcd/flagger,fluxcd/charts/flagger.json" ].each do |path|
      %w[light dark].product(%w[linear log]) do |theme, scale|
        svg = picture "#{path}#{path.include?("?") ? "&" : "?"}theme=#{theme}&scale=#{scale}&range=30d"
        assert_equal Chart::Picture::THEMES.dig(theme, :surface), svg.at_css("svg > rect")["fill"]
        assert_includes svg.css("text").map(&:text), "STAND-IN: invented figures"
        assert_match(/\A2026-05-0\d to 2026-05-10\. .* read 2026-05-\d\d 12:00 UTC\. Invented by a stand-in\z/, svg.at_css("desc").text)
      end
    end
  end

  test "a total has its newest value, its gaps and marks" do
    svg = picture "/charts/fluxcd/flagger.svg"
    assert_equal "fluxcd/flagger: total downloads", svg.at_css("title").text
    assert_equal "2026-05-06 to 2026-05-10. fluxcd/flagger: 240 to 250, at last 250. read 2026-05-10 12:00 UTC. Invented by a stand-in", svg.at_css("desc").text
    assert_includes svg.css("text").map(&:text), "250"
    assert_includes svg.text, "▼: lower than before"
    assert_includes svg.text, "×: reading failed"
  end

  test "a day without downloads is hatched, and a day that is not over is pale" do
    svg = picture "/charts/fluxcd/flagger.svg?show=downloads"
    assert_equal 1, svg.css("rect[fill='url(#gap)']").size
    assert_equal [ "1", "0.45" ], svg.css("g > path[fill-opacity]").map { |path| path["fill-opacity"] }
    assert_equal [ 3, 1 ], svg.css("g > path[fill-opacity]").map { |path| path["d"].count("M") }
  end

  test "what was never read has no figure" do
    svg = picture "/charts/unread.svg"
    assert_includes svg.at_css("desc").text, "unread: no data. ghcr.io, never read"
    assert_empty svg.css("g[clip-path] *").to_a
    plot, gap = [ "clipPath rect", "rect[fill='url(#gap)']" ].map { |rect| %w[x width].map { |name| svg.at_css(rect)[name].to_f } }
    assert_equal plot, gap, "all of it is hatched"
    assert_includes svg.text, "hatched: no data"
  end

  test "more bars than can be told apart are those of whole weeks" do
    package = packages(:flagger)
    package.daily_downloads.delete_all
    days = (Date.new(2025, 9, 1)..Date.new(2026, 5, 10)).reject { |date| date == Date.new(2026, 1, 7) }
    DailyDownload.insert_all!(days.map { |date| { package_id: package.id, date:, count: 2, read_at: Time.current, settled: date < Date.new(2026, 5, 10) } })
    package.touch
    svg = picture "/charts/fluxcd/flagger.svg?show=downloads&range=all"
    assert_includes svg.at_css("title").text, "downloads a week"
    # 36 weeks, of which one lacks a day and the last one is not over.
    assert_equal [ 34, 1 ], svg.css("g > path[fill-opacity]").map { |path| path["d"].count("M") }
    assert_equal 1, svg.css("rect[fill='url(#gap)']").size
    assert_includes svg.at_css("desc").text, "14 to 14, at last 14"
  end

  test "the picture is sent once, and again after a change" do
    get "/charts/fluxcd/flagger.svg"
    etag = response.headers["ETag"]
    get "/charts/fluxcd/flagger.svg", headers: { "If-None-Match" => etag }
    assert_response :not_modified
    travel 1.second
    packages(:flagger).touch
    get "/charts/fluxcd/flagger.svg", headers: { "If-None-Match" => etag }
    assert_response :success
    get "/charts/fluxcd/flagger.svg?theme=dark", headers: { "If-None-Match" => etag }
    assert_response :success
  end

  test "wrong parameters, and what is not there, are problems" do
    { "/charts/fluxcd.svg?theme=pink" => 400, "/charts/fluxcd.svg?show=versions" => 400, "/charts/fluxcd.svg?range=2y" => 400, "/charts/fluxcd.svg?scale[]=log" => 400,
      "/charts/fluxcd.svg?range=30d&from=2026-05-01" => 400, "/charts/fluxcd.svg?from=2026-05-10&until=2026-05-01" => 400, "/charts/fluxcd.svg?from=2100-01-01" => 404,
      "/charts/nobody.svg" => 404, "/charts/fluxcd/nothing.svg" => 404, "/charts/fluxcd/charts/flagger.json.svg?show=versions" => 404,
      "/compare.svg" => 400, "/compare.svg?packages=#{(1..9).map { |number| "fluxcd/#{number}" }.join(",")}" => 400, "/compare.svg?packages=fluxcd/nothing" => 404,
      "/compare.svg?packages=fluxcd" => 404, "/compare.svg?packages[]=x" => 404 }.each do |path, status|
      get path
      assert_response status, path
      assert_equal "application/problem+json", response.media_type, path
    end
  end

  test "the colours are those of the pages" do
    tokens = Rails.root.join("app/assets/stylesheets/tokens.css").read
    light, dark = tokens.split("@media (prefers-color-scheme: dark)").map { |half| half.scan(/--([a-z0-9-]+): (#\h{6});/).to_h }
    { "light" => light, "dark" => dark }.each do |theme, colours|
      expected = %w[surface line text text-quiet danger warning gap gap-line].map { |name| colours.fetch(name) }
      assert_equal expected, Chart::Picture::THEMES[theme].except(:series).values, theme
      assert_equal (1..8).map { |number| colours.fetch("series-#{number}") }, Chart::Picture::THEMES.dig(theme, :series), theme
    end
  end
end

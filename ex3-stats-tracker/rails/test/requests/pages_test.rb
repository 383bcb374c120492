require "test_helper"

# The HTML of the dashboard's pages: the figures, their labels and their order.
class PagesTest < ActionDispatch::IntegrationTest
  include WithoutAssets, EveryPath, Readings

  test "each column sorts by its own figures, and unknown values come last" do
    org = sorted_org
    { "day" => %w[c a b d], "week" => %w[b c a d], "month" => %w[a b c d], "total" => %w[b a c d] }.each do |sort, names|
      get "/orgs/#{org.name}?sort=#{sort}"
      assert_equal names, css("#packages tbody th a").map(&:text), sort
      get "/orgs/#{org.name}?sort=#{sort}&direction=asc"
      assert_equal [ *names.first(3).reverse, "d" ], css("#packages tbody th a").map(&:text), sort
    end
    get "/orgs/#{org.name}?sort=name"
    assert_equal %w[a b c d], css("#packages tbody th a").map(&:text)
    get "/orgs/#{org.name}"
    assert_equal [ "+2", "+10", "+300" ], css("#packages tbody tr:nth-child(2)").first.css(".day, .week, .month").map(&:text)
    assert_equal [ "Last 30 days", "1 day", "7 days", "30 days", "Total" ], css("#packages th[scope=col]").map { |cell| cell.text.strip }.last(5)
  end

  test "a range lists as many days as its name says" do
    travel_to Time.utc(2026, 11, 20, 12)
    days = (0...500).map { |ago| Date.new(2026, 11, 20) - ago }
    packages(:flagger).days.delete_all
    Package::Day.insert_all!(days.map { |date| { package_id: packages(:flagger).id, date:, total: 5, measured_at: date.noon } })
    packages(:flagger).days.create!(date: Date.new(2027, 1, 1), total: 9_999)
    { "30d" => 30, "90d" => 90, "1y" => 365, "all" => 400, nil => 90 }.each do |range, listed|
      get "/orgs/fluxcd/packages/flagger", params: { range: }.compact
      assert_equal [ listed, (Date.new(2026, 11, 20) - listed + 1).iso8601 ], [ css("#total-days tbody tr:not(.gap)").size, css("#total-days tbody tr:not(.gap) th").last.text ], range
    end
    assert_equal [ [ "30d", "30" ], [ "90d", "90" ], [ "1y", "365" ], [ "all", "" ] ], css("[data-param=range]").map { |link| [ link["data-value"], link["data-days"] ] }
  end

  test "growth names what it leaves out, in HTML, JSON and CSV" do
    orgs(:fluxcd).update!(growth_7: 5, total: 105, growth_left_out: { "7" => { "before" => 50, "unread" => 1, "gone" => 2, "gone_total" => 9 } }, measured_at: Time.current)
    get "/orgs/fluxcd"
    week = css(".growth > div")[1].text.squish
    assert_equal "7 days +5 without 3 packages", week
    assert_equal "7 days: without 1 package not read at its end and 2 packages that are gone, with 9", css(".growth-left-out li").text.squish
    get "/api/orgs/fluxcd.json"
    assert_equal [ 5, 3, nil ], response.parsed_body.values_at("growth_7", "growth_7_left_out", "growth_30_left_out")
    get "/"
    assert_match(/\+5 without 3 packages/, css("tbody tr").text.squish)
    get "/api/orgs.csv"
    assert_equal [ "5", "3", nil ], CSV.parse(response.body, headers: true).first.values_at("growth_7", "growth_7_left_out", "growth_30_left_out")
  end

  test "the growth of a package that was not read lately has the date of its end" do
    travel_to Time.utc(2026, 5, 10, 13)
    get "/orgs/fluxcd/packages/flagger"
    assert_equal "1 day +10", css(".growth > div").first.text.squish
    travel_to Time.utc(2026, 5, 11, 14)
    get "/orgs/fluxcd/packages/flagger"
    assert_equal "1 day to 2026-05-10 +10", css(".growth > div").first.text.squish
  end

  test "a package that was not read with the others has a note instead of its growth" do
    orgs(:fluxcd).update!(measured_at: Time.utc(2026, 5, 12))
    get "/orgs/fluxcd/packages/gone"
    assert_equal [ "not read lately" ], css(".growth .note").map { |cell| cell.text.strip }.uniq
    packages(:gone).update!(measured_at: Time.utc(2026, 5, 10, 12))
    get "/orgs/fluxcd/packages/gone"
    assert_equal [ "not read lately", "not read lately", "nothing read 30 days before", "nothing read 365 days before" ], css(".growth .note").map { |cell| cell.text.strip }
  end

  test "the sparkline shows the 30 days until today, also of a package that was read earlier" do
    travel_to Time.utc(2026, 5, 10, 13)
    get "/orgs/fluxcd"
    assert_match(/in the 30 days to 2026-05-10: 5 to 8, 27 unknown/, css("svg.sparkline").first["aria-label"])
    travel_to Time.utc(2026, 5, 20, 13)
    get "/orgs/fluxcd"
    sparkline = css("svg.sparkline").first
    assert_match(/in the 30 days to 2026-05-20: 5 to 8, 27 unknown/, sparkline["aria-label"])
    # The 8th, 9th and 10th of May are the 18th to 20th of 30 days that end on the 20th; 124 / 30 a day.
    assert_equal %w[M72.3 M76.5], sparkline.css("path.settled").first["d"].scan(/M[\d.]+/)
    assert_equal %w[M80.6], sparkline.css("path.counting").first["d"].scan(/M[\d.]+/)
    travel_to Time.utc(2026, 6, 12)
    get "/orgs/fluxcd"
    assert_empty css("svg.sparkline"), "no data of these days"
  end

  test "invented figures are labelled everywhere, whatever STATS_TRACKER_SOURCE is" do
    # A list without rows has no label.
    packages(:flagger).failures.create!(org: orgs(:fluxcd), at: Time.utc(2026, 5, 9), about: "total", kind: "timed_out", detail: "slow")
    packages(:flagger).versions.create!(github_id: 124, tags: [ "v1.2.0" ], total: 1, measured_at: Time.utc(2026, 5, 10), created_at: Time.utc(2026, 5, 10))
    addresses = every_path(org: "fluxcd", package: "flagger").reject { |address| address.match?(/healthz|readyz|\A\/up\z|\A\/compare/) } + [ "/compare?packages=fluxcd/flagger" ]
    with_environment("STATS_TRACKER_SOURCE" => "github.com") do
      addresses.each do |address|
        get address
        follow_redirect! while response.redirect?
        assert_response :success, address
        assert_includes response.body, "stand-in", address
        assert_equal 1, css("aside.stand-in").size, address if response.media_type == "text/html"
      end
      get "/feeds/fluxcd.atom"
      assert Nokogiri::XML(response.body).remove_namespaces!.css("title").all? { |title| title.text.include?("stand-in") }
    end
  end

  test "real figures are not labelled, also where STATS_TRACKER_SOURCE is stand-in" do
    orgs(:fluxcd).update!(source: "github.com")
    with_environment("STATS_TRACKER_SOURCE" => "stand-in") do
      every_path(org: "fluxcd", package: "flagger").each do |address|
        get address
        follow_redirect! while response.redirect?
        assert_not_includes response.body, "stand-in", address
      end
    end
  end

  test "imported totals are said to be imported, on each page with a table of totals" do
    travel_to Time.utc(2026, 5, 10, 18)
    packages(:flagger).days.create!(date: Date.new(2026, 5, 6), total: 200, imported: true)
    orgs(:fluxcd).days.create!(date: Date.new(2026, 5, 6), total: 200, packages_read: 0, packages_imported: 1)
    { "/orgs/fluxcd/packages/flagger" => [ "#total-days", [ "2026-05-06", "200", "", "Imported." ] ],
      "/orgs/fluxcd" => [ "#days", [ "2026-05-06", "200", "0", "1 package imported." ] ],
      "/compare?packages=fluxcd/flagger,fluxcd/charts/flagger.json" => [ "#total-days", [ "2026-05-06", "200 Imported", "no data" ] ] }.each do |path, (table, row)|
      get path
      rows = css("#{table} tbody tr").map { |one| one.css("th, td").map { |cell| cell.text.squish } }
      assert_includes rows, row, path
      assert_equal 1, rows.count { |cells| cells.to_s.match?(/import/i) }, path
    end
  end

  test "a page with both labels the invented figures" do
    real = orgs(:unread).packages.create!(name: "real", total: 5, measured_at: Time.current)
    get "/compare?packages=fluxcd/flagger,unread/real"
    assert_match(/Some of these figures/, css("aside.stand-in").text)
    assert_equal [ true, false ], css("table").first.css("tbody tr").map { |row| row.text.include?("stand-in") }
    assert real
    get "/"
    assert_equal [ true, false ], css("tbody tr").map { |row| row.text.include?("stand-in") }
  end

  test "a package that one list lacks is shown as not listed, not as gone" do
    packages(:flagger).update!(missed_at: Time.current)
    get "/orgs/fluxcd"
    assert_includes css("#packages tbody").text, "not listed"
    get "/orgs/fluxcd/packages/flagger"
    assert_match(/last list is without this package/, css(".notice").text)
  end

  test "the list of organisations names the configured ones that were never read, and says by how much a round takes too long" do
    with_environment("STATS_TRACKER_ORGS" => "fluxcd unread #{(1..25).map { |number| "more-#{number}" }.join(" ")}", "STATS_TRACKER_ROUND_SECONDS" => "60") { get "/" }
    never_read, too_long = Nokogiri::HTML5(response.body).css("main .notice").map { |notice| notice.text.squish }
    assert_match(/\A26 configured organisations were never read: unread, more-1, .*, more-19 and 6 more\. They are the next/, never_read)
    assert_match(/\ANot all organisations are read in time: a round over 27 organisations takes 0\.2 hours, 0\.1 more than the 0\.0 until the next one begins\./, too_long)

    Org.find_by!(name: "unread").destroy!
    with_environment("STATS_TRACKER_ORGS" => "fluxcd") { get "/" }
    assert_redirected_to "/orgs/fluxcd"
    with_environment("STATS_TRACKER_ORGS" => "fluxcd other") { get "/" }
    assert_match(/1 configured organisation was never read/, response.body)
  end

  private
    def css(selector)
      Nokogiri::HTML5(response.body).css(selector)
    end

    def sorted_org
      org = Org.create!(name: "sorted", source: "github.com", total: 600, measured_at: Time.current)
      { "a" => [ 2, 10, 300, 200 ], "b" => [ 1, 30, 200, 300 ], "c" => [ 3, 20, 100, 100 ], "d" => [ nil, nil, nil, nil ] }
        .each { |name, (day, week, month, total)| org.packages.create!(name:, growth_1: day, growth_7: week, growth_30: month, total:, measured_at: total && Time.current) }
      org
    end
end

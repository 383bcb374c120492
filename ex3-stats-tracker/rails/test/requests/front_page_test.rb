require "test_helper"

# Every figure of an organisation's page, and of a package's, for a history that is computed by hand.
class FrontPageTest < ActionDispatch::IntegrationTest
  include WithoutAssets, Readings, TenDays

  setup do
    ten_days
  end

  test "an organisation's downloads on the last day, in the last week and in the last 30 days" do
    get "/orgs/ten-days"
    assert_equal [
      # The 9th: 11 of new, and none is known of steady. A week before: 2 of new.
      "Saturday, 2026-05-09 11 +450 % against the Saturday before lacks days of 1 package compared without 1 package",
      # 105 + 106 + 107 + 111 + 114 + 49 + 11, and of new 38 after 14.
      "7 days to 2026-05-09 603 +171 % against the 7 days before lacks days of 1 package compared without 1 package",
      # Of steady 2,100 + 728 + 40, of new 10 + 10 + 32. Nothing is known of the days before the 2nd of April.
      "30 days to 2026-05-09 2,920 nothing to compare with lacks days of 1 package"
    ], texts(".periods > div")
    assert_equal "Total downloads 10,824 1 package can't be read, counted as last read, if ever Pulls by robots and mirrors count too.", texts(".headline").sole
    # 12 downloads of new from noon to noon. steady was not read lately, and new not seven days ago.
    assert_equal [ "1 day +12 without 1 package", "7 days – nothing read 7 days before", "30 days – nothing read 30 days before",
      "365 days – nothing read 365 days before" ], texts(".growth > div")
    assert_equal [ "1 day: without 1 package not read at its end" ], texts(".growth-left-out li")
    assert_equal [ [ "steady markup changed", "–", "–", "–", "10,700" ], [ "new", "+12", "–", "–", "124" ] ],
      css("#packages tbody tr").map { |row| row.css("th, .day, .week, .month, .package-total").map { |cell| cell.text.squish } }
  end

  test "an organisation's downloads by day, week and month as a table" do
    get "/orgs/ten-days"
    assert_equal [
      [ "2026-05-10", "4", "Not over when it was read: still counting and without part of 1 package" ],
      [ "2026-05-09", "11", "Without part of 1 package" ],
      [ "2026-05-08", "49", "Without part of 1 package" ],
      [ "2026-05-07", "114", "" ], [ "2026-05-06", "111", "" ], [ "2026-05-05", "107", "" ]
    ], rows("#download-days").first(6)
    assert_equal 39, rows("#download-days").size
    get "/orgs/ten-days?unit=week"
    assert_equal [
      # Monday the 4th to Sunday the 10th: 106 + 107 + 111 + 114 + 49 + 11 + 4.
      [ "2026-05-04 to 2026-05-10", "502", "Not over when it was read: still counting and without part of 1 package" ],
      # 4 days of 100 + 2, then 103, 104 and 105.
      [ "2026-04-27 to 2026-05-03", "720", "" ], [ "2026-04-20 to 2026-04-26", "702", "" ], [ "2026-04-13 to 2026-04-19", "700", "" ],
      [ "2026-04-06 to 2026-04-12", "700", "" ], [ "2026-03-30 to 2026-04-05", "400", "4 of 7 days known" ]
    ], rows("#download-days")
    get "/orgs/ten-days?unit=month"
    # 103 + 104 + 105 + 106 + 107 + 111 + 114 + 49 + 11 + 4, and 29 × 100 + 5 × 2.
    assert_equal [
      [ "2026-05", "814", "Not over when it was read: still counting and without part of 1 package" ],
      [ "2026-04", "2,910", "29 of 30 days known" ]
    ], rows("#download-days")
  end

  test "an organisation's days from one to another, and the whole weeks that they are in" do
    get "/orgs/ten-days?from=2026-05-05&until=2026-05-07"
    assert_equal [ [ "2026-05-07", "114", "" ], [ "2026-05-06", "111", "" ], [ "2026-05-05", "107", "" ] ], rows("#download-days")
    assert_equal [ [ "2026-05-07", "10,600" ], [ "2026-05-06", "10,500" ], [ "2026-05-05", "10,400" ] ], rows("#days").map { |row| row.first(2) }
    assert_equal 3, texts(".periods > div").size, "the periods end with the last whole day in any view"
    assert_match(/\ASaturday, 2026-05-09 11 /, texts(".periods > div").first)
    assert_equal [ "from=2026-05-05&until=2026-05-07" ], css("#embed-links a").map { |link| URI(link["href"]).query.remove("scale=linear&") }.uniq
    get "/orgs/ten-days?from=2026-05-05&until=2026-05-07&unit=week"
    assert_equal [ [ "2026-05-04 to 2026-05-10", "502" ] ], rows("#download-days").map { |row| row.first(2) }
    get "/orgs/ten-days?until=2026-04-03"
    assert_equal [ [ "2026-04-03", "100", "" ], [ "2026-04-02", "100", "" ] ], rows("#download-days")
    get "/orgs/ten-days?from=2020-01-01&until=2020-01-31"
    assert_empty rows("#download-days") + rows("#days").reject { |row| row.include?("no data") }
  end

  test "an organisation's totals as a table" do
    get "/orgs/ten-days"
    assert_equal [ [ "2026-05-10", "10,824", "1" ], [ "2026-05-09", "10,812", "1" ], [ "2026-05-08", "10,800", "2" ], [ "2026-05-07", "10,600", "1" ] ],
      rows("#days").first(4).map { |row| row.first(3) }
    assert_equal "1 failure, the last: markup changed. 1 package as of an earlier day.", rows("#days").first.last
    assert_equal 10, rows("#days").size
  end

  test "an organisation's chart" do
    get "/api/chart/ten-days.json"
    chart = response.parsed_body
    assert_equal [ "2026-04-02", 39 ], chart.values_at("from", "days")
    assert_equal [ 100, 100, 100 ], chart["downloads"].first(3)
    assert_equal [ 103, 104, 105, 106, 107, 111, 114, 49, 11, 4 ], chart["downloads"].last(10)
    assert_equal [ *[ nil ] * 29, 10_000, 10_100, 10_200, 10_300, 10_400, 10_500, 10_600, 10_800, 10_812, 10_824 ], chart["totals"]
    assert_equal [ [ 38 ], [ [ 36, 1 ], [ 37, 1 ], [ 38, 1 ] ], [ [ 37, 1 ], [ 38, 1 ] ], [] ], chart.values_at("unsettled", "partial", "stale", "releases")
  end

  test "an organisation's downloads as JSON and as CSV" do
    get "/api/downloads/ten-days.json?from=2026-05-07"
    assert_equal [
      { "date" => "2026-05-07", "count" => 114, "settled" => true, "packages" => 2, "partial" => 0 },
      { "date" => "2026-05-08", "count" => 49, "settled" => true, "packages" => 2, "partial" => 1 },
      { "date" => "2026-05-09", "count" => 11, "settled" => true, "packages" => 1, "partial" => 1 },
      { "date" => "2026-05-10", "count" => 4, "settled" => false, "packages" => 1, "partial" => 1 }
    ], response.parsed_body["downloads"]
    seen, path = [], "/api/downloads/ten-days.csv?limit=10"
    while path
      get path
      seen.concat CSV.parse(response.body, headers: true).map { |row| row["count"].to_i }
      path = response.headers["Link"]&.slice(/<(.*)>; rel="next"/, 1)
    end
    # 2,920 in the 30 days to the 9th, 100 on each of the 8 days before, and 4 of the 10th.
    assert_equal [ 39, 3_724 ], [ seen.size, seen.sum ]
  end

  test "a package that can't be read: its periods end with its last whole day" do
    get "/orgs/ten-days/packages/steady"
    assert_equal [
      "Thursday, 2026-05-07 107 +7 % against the Thursday before",
      "7 days to 2026-05-07 728 +4 % against the 7 days before",
      # 23 days of April, and seven of May.
      "30 days to 2026-05-07 3,028 nothing to compare with"
    ], texts(".periods > div")
    assert_equal [ [ "2026-05-09 to 2026-05-10, 2 days", "no data", "" ], [ "2026-05-08", "40", "Read before a day was over" ], [ "2026-05-07", "107", "" ] ],
      rows("#download-days").first(3)
  end

  test "a package that is new" do
    get "/orgs/ten-days/packages/new"
    assert_equal [
      "Saturday, 2026-05-09 11 +450 % against the Saturday before",
      "7 days to 2026-05-09 38 +171 % against the 7 days before",
      "30 days to 2026-05-09 52 nothing to compare with"
    ], texts(".periods > div")
  end

  test "the days of a period that nothing is known of" do
    DailyDownload.where(package: Org.find_by!(name: "ten-days").packages, date: Date.new(2026, 5, 4)..Date.new(2026, 5, 6)).delete_all
    get "/orgs/ten-days"
    assert_equal "7 days to 2026-05-09 279 nothing to compare with lacks 3 of 7 days", texts(".periods > div")[1]
  end

  test "a page that shows no day is not known, and not 0" do
    packages(:flagger).daily_downloads.delete_all
    Package.update_all(recent: nil, recent_until: nil)
    get "/orgs/fluxcd"
    assert_equal [ "Downloads a day not known no page that was read shows its last 30 days" ], texts(".periods > div")
  end

  test "each page makes at most 12 queries" do
    20.times { |number| Org.find_by!(name: "ten-days").packages.create!(name: "more-#{number}", total: number, measured_at: TenDays::NOON, listed_at: TenDays::NOON) }
    { "/" => 12, "/orgs/ten-days" => 12, "/orgs/ten-days?q=new&sort=week&range=1y" => 12, "/orgs/ten-days/packages/steady" => 12,
      "/orgs/fluxcd/packages/flagger?group=major" => 12, "/compare?packages=ten-days/steady,ten-days/new" => 12 }.each do |path, most|
      queries = queries_of { get path }
      follow_redirect! if response.redirect?
      assert_response :success, path
      assert_operator queries.size, :<=, most, "#{path}:\n#{queries.join("\n")}"
    end
  end

  private
    def css(selector)
      Nokogiri::HTML5(response.body).css(selector)
    end

    def texts(selector)
      css(selector).map { |element| element.text.squish }
    end

    def rows(id)
      css("#{id} tbody tr").map { |row| row.css("th, td").map { |cell| cell.text.squish } }
    end

    def queries_of(&)
      queries = []
      count = ->(*, payload) { queries << payload[:sql] unless payload[:cached] || %w[SCHEMA TRANSACTION].include?(payload[:name]) }
      ActiveSupport::Notifications.subscribed(count, "sql.active_record", &)
      queries
    end
end

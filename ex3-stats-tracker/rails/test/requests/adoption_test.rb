require "test_helper"

# The figures of releases by days since their first sight: on a package's page, as JSON and as CSV.
class AdoptionRequestTest < ActionDispatch::IntegrationTest
  include WithoutAssets

  setup do
    travel_to Time.utc(2026, 5, 6, 13)
    @package = Org.create!(name: "adoption", source: "github.com").packages.create!(name: "a/b", listed_at: Time.current, total: 900, measured_at: Time.current)
    { 1 => [ 100 ], 2 => [ 200, 10 ], 3 => [ 230, 40, 5 ], 6 => [ 231, 160, 10 ] }.each do |day, totals|
      list = totals.each_with_index.map { |total, index| Component::Contract::TaggedVersion.new(id: index + 1, tags: [ "v1.#{index}.0" ], total:) }.reverse
      Package.record_versions [ [ @package, list, Time.utc(2026, 5, day, 12) ] ]
    end
  end

  test "as JSON" do
    get "/api/adoption/adoption/a%2Fb.json"
    assert_equal({
      "org" => "adoption", "package" => "a/b", "source" => "github.com", "group" => "version", "window" => 7, "releases" => [
        # Since the 3rd: 5 of 1 + 120 + 5.
        { "name" => "v1.2.0", "first_seen" => "2026-05-03", "windows" => [ nil, nil, nil, 3 ], "downloads" => [ nil, nil, nil, 5 ],
          "all" => [ nil, nil, nil, 126 ], "shares" => [ nil, nil, nil, 3.97 ] },
        # Since the 2nd: 30 of 30 + 30 + 5, and 150 of 31 + 150 + 10.
        { "name" => "v1.1.0", "first_seen" => "2026-05-02", "windows" => [ nil, 1, nil, nil, 4 ], "downloads" => [ nil, 30, nil, nil, 150 ],
          "all" => [ nil, 65, nil, nil, 191 ], "shares" => [ nil, 46.15, nil, nil, 78.53 ] }
      ]
    }, response.parsed_body)
    get "/api/adoption/adoption/a%2Fb.json?releases=1"
    assert_equal [ "v1.2.0" ], response.parsed_body["releases"].pluck("name")
  end

  test "as CSV" do
    get "/api/adoption/adoption/a%2Fb.csv"
    rows = CSV.parse(response.body)
    assert_equal %w[org package source group release first_seen day window downloads all share], rows.first
    assert_equal [ "adoption", "a/b", "github.com", "version", "v1.1.0", "2026-05-02", "4", "4", "150", "191", "78.53" ], rows.last
    assert_equal [ 1 + 4 + 5, [ "0", nil, nil, nil, nil ] ], [ rows.size, rows[5].last(5) ]
  end

  test "as a table of the page, as shares and as counts" do
    get "/orgs/adoption/packages/a/b"
    assert_equal [ "Days", "v1.2.0 since 2026-05-03", "v1.1.0 since 2026-05-02" ], cells("thead tr").sole
    assert_equal [ [ "0", "no data", "no data" ], [ "1", "no data", "46.2 %" ], [ "2", "no data", "no data" ], [ "3", "4 %", "no data" ],
      [ "4", "not so old yet", "78.5 %" ] ], cells("tbody tr")
    assert_match(/Half of all downloads: v1\.1\.0 after 4 days\. Not half yet: v1\.2\.0\./, Nokogiri::HTML5(response.body).at_css("#adoption-source").text.squish)
    get "/orgs/adoption/packages/a/b?adoption=count"
    assert_equal [ [ "0", "no data", "no data" ], [ "1", "no data", "30" ], [ "2", "no data", "no data" ], [ "3", "2", "no data" ], [ "4", "not so old yet", "38" ] ], cells("tbody tr")
  end

  test "days on which nothing is known are one row" do
    travel_to Time.utc(2026, 5, 20, 13)
    get "/orgs/adoption/packages/a/b"
    assert_equal [ "5 to 18", "no data", "no data" ], cells("tbody tr").last
  end

  test "without a release since the first list" do
    travel_to Time.utc(2026, 5, 10, 13)
    get "/orgs/fluxcd/packages/flagger?group=major"
    assert_match(/No major release was first seen after the first list of versions/, Nokogiri::HTML5(response.body).at_css("#adoption-source").text)
  end

  private
    def cells(rows)
      Nokogiri::HTML5(response.body).css("#adoption-days #{rows}").map { |row| row.css("th, td").map { |cell| cell.text.squish } }
    end
end

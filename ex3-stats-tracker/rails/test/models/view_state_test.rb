require "test_helper"

class ViewStateTest < ActiveSupport::TestCase
  setup { travel_to Time.utc(2026, 5, 10, 13) }

  test "a link has what differs from the defaults" do
    assert_equal({}, view.to_h)
    assert_equal({}, view("range" => "90d", "scale" => "linear", "group" => "version", "page" => "1", "q" => " ").to_h)
    assert_equal({ range: "1y", unit: "week", q: "a b", page: "2", adoption: "count" },
      view("range" => "1y", "unit" => "week", "q" => " a b ", "page" => "2", "adoption" => "count", "nothing" => "x").to_h)
  end

  test "a link to another view keeps all but the page, and one to another page keeps what it has too" do
    all = view("range" => "1y", "scale" => "log", "sort" => "name", "page" => "2", "versions_page" => "3", "packages" => "a/b")
    assert_equal({ range: "1y", scale: "log", sort: "week", packages: "a/b" }, all.with(sort: "week"))
    assert_equal({ range: "1y", scale: "log", sort: "name", packages: "a/b", page: "3" }, all.with(page: 3))
    assert_equal({ scale: "log", sort: "name", packages: "a/b" }, all.with(range: "90d"))
    assert_equal({ sort: "name", packages: "a/b" }, all.with(range: nil, scale: "linear"))
    assert_equal({ range: "1y", scale: "log" }, all.common)
  end

  test "days instead of a range" do
    days = view("range" => "1y", "from" => "2026-03-01", "until" => "2026-03-31")
    assert_equal [ nil, { from: "2026-03-01", until: "2026-03-31" }, Date.new(2026, 3, 1), Date.new(2026, 3, 31) ], [ days[:range], days.period, days.first, days.last ]
    assert_equal({ range: "30d" }, days.with(range: "30d", from: nil, until: nil))
    assert_equal [ Date.new(2026, 3, 1), Date.new(2026, 5, 10) ], [ view("from" => "2026-03-01").first, view("from" => "2026-03-01").last ]
    assert_equal [ nil, Date.new(2026, 3, 31) ], [ view("until" => "2026-03-31").first, view("until" => "2026-03-31").last ], "from the first stored day on"
    assert_equal Date.new(2026, 5, 10), view("until" => "2027-01-01").last, "nothing is known of the days to come"
  end

  test "a range ends today" do
    assert_equal [ Date.new(2026, 2, 10), Date.new(2026, 5, 10), { range: "90d" } ], [ view.first, view.last, view.period ]
    assert_equal Date.new(2026, 4, 11), view("range" => "30d").first
    assert_nil view("range" => "all").first
  end

  test "wrong values are the default" do
    [ { "range" => "2d" }, { "range" => [ "1y" ] }, { "range" => { "a" => "1y" } }, { "sort" => "id;--" }, { "direction" => "up" }, { "page" => "-1" }, { "page" => "9" * 20 },
      { "from" => "2026-02-30" }, { "from" => "today" }, { "from" => "1066-10-14" }, { "from" => "2026-05-11" }, { "from" => "2026-05-02", "until" => "2026-05-01" },
      { "q" => "\0" }, { "scale" => "\xFF" } ].each do |params|
      assert_equal [ {}, Date.new(2026, 2, 10) ], [ view(params).to_h, view(params).first ], params
    end
    assert_equal 100, view("q" => "x" * 5000)[:q].size
  end

  private
    def view(params = {})
      ViewState.new(params)
    end
end

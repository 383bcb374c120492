require "test_helper"

# The pages with a cache, as in production.
class CachedFragmentsTest < ActionDispatch::IntegrationTest
  include Readings

  setup do
    @usual = [ Rails.cache, ActionController::Base.perform_caching ]
    use_cache ActiveSupport::Cache::MemoryStore.new, true
  end

  teardown { use_cache(*@usual) }

  test "a reading changes the row of its package, and the other rows stay cached" do
    get "/orgs/fluxcd"
    read packages(:flagger), 77_777_777, at: Time.current, daily: { Date.current => 7 }
    assert_equal 1, rendered_rows { get "/orgs/fluxcd" }
    assert_equal [ 2, "77,777,777" ], [ css("#packages-table tbody tr").size, css(".package-total").first.text ]
  end

  test "the links of a row keep the view" do
    get "/orgs/fluxcd"
    get "/orgs/fluxcd?range=1y"
    assert_equal [ "1y" ], css("#packages-table th a").map { |link| Rack::Utils.parse_query(URI(link["href"]).query)["range"] }.uniq
  end

  test "a package that is read for the first time moves the beginning of the whole range, and so does an import" do
    earlier = chart_begin - 40
    read orgs(:fluxcd).packages.create!(name: "late", position: 9, listed_at: Time.current), 5, at: Time.current, daily: { earlier => 5 }
    assert_equal earlier, chart_begin
    Package::Day.create!(package: packages(:flagger), date: earlier - 1, total: 7, imported: true)
    orgs(:fluxcd).update_day_sums([ earlier - 1 ])
    assert_equal earlier - 1, chart_begin
  end

  private
    def use_cache(store, caching)
      Rails.cache = ActionController::Base.cache_store = ActionView::PartialRenderer.collection_cache = store
      ActionController::Base.perform_caching = caching
    end

    def chart_begin
      get "/api/chart/fluxcd.json?range=all"
      Date.iso8601(response.parsed_body["from"])
    end

    def css(selector)
      Nokogiri::HTML5(response.body).css(selector)
    end

    # The number of rows that were not cached.
    def rendered_rows
      rendered = 0
      count = ->(*, payload) { rendered += payload[:count] - payload[:cache_hits].to_i if payload[:identifier].end_with?("organisations/_package.html.erb") }
      ActiveSupport::Notifications.subscribed(count, "render_collection.action_view") { yield }
      rendered
    end
end

require "test_helper"

# The web process's user of the database needs no right to change anything.
class ReaderTest < ActionDispatch::IntegrationTest
  PAGES = %w[
    / /orgs/fluxcd /orgs/fluxcd/packages/flagger /compare?packages=fluxcd/flagger /api/orgs.json /api/packages/fluxcd.csv
    /api/chart/fluxcd/flagger.json?versions=2 /badges/fluxcd.svg /metrics /feeds/fluxcd.atom /readyz
  ].freeze

  test "every page is shown to one who may only read" do
    reading_only do
      assert_raises(ActiveRecord::StatementInvalid) { ActiveRecord::Base.transaction(requires_new: true) { Org.create!(name: "x", source: "stand-in") } }
      PAGES.each do |path|
        get path
        follow_redirect! if response.redirect?
        assert_response :success, path
      end
    end
  end

  private
    def reading_only
      connection = ActiveRecord::Base.connection
      if connection.adapter_name == "PostgreSQL"
        connection.execute "CREATE ROLE reader; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; SET ROLE reader"
      else
        connection.execute "PRAGMA query_only = ON"
      end
      yield
    ensure
      connection.execute(connection.adapter_name == "PostgreSQL" ? "RESET ROLE" : "PRAGMA query_only = OFF")
    end
end

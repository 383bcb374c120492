require "test_helper"

# The web process needs only read access to the database. With PostgreSQL the test logs in as another user, with the
# grants of README.md.
class ReadOnlyDatabaseTest < ActionDispatch::IntegrationTest
  include EveryPath

  # Another session sees only committed rows.
  self.use_transactional_tests = false

  NAME = "stats_tracker_test_reader"

  test "every path answers with a user who may only read" do
    paths = every_path(org: "fluxcd", package: "flagger").push("/compare?packages=fluxcd/flagger", "/api/chart/fluxcd/flagger.json?versions=2")
    assert_operator paths.size, :>, 30
    reading_only do
      WRITES.each { |statement| assert_raises(ActiveRecord::StatementInvalid, statement) { ActiveRecord::Base.lease_connection.execute(statement) } }
      paths.each do |path|
        get path
        follow_redirect! if response.redirect?
        assert_response :success, path
      end
    end
  end

  WRITES = [
    "INSERT INTO orgs (name, source, created_at, updated_at) VALUES ('x', 'stand-in', '2026-05-10', '2026-05-10')",
    "UPDATE packages SET total = 0", "DELETE FROM measurements", "CREATE TABLE things (id integer)", "DROP TABLE measurements"
  ].freeze

  private
    def reading_only(&)
      Database.postgresql? ? as_reader(&) : with_query_only(&)
    end

    def as_reader
      owner = ActiveRecord::Base.connection_db_config
      grants = Rails.root.join("README.md").read[/^```sql\n(.*?)^```$/m, 1] or flunk "README.md has no grants of the reader"
      ActiveRecord::Base.lease_connection.execute grants.gsub("stats_tracker_reader", NAME)
      ActiveRecord::Base.establish_connection(owner.configuration_hash.merge(username: NAME, password: "secret"))
      assert_equal NAME, ActiveRecord::Base.lease_connection.select_value("SELECT current_user")
      yield
    ensure
      ActiveRecord::Base.establish_connection(owner)
      ActiveRecord::Base.lease_connection.execute "DROP OWNED BY #{NAME}; DROP ROLE #{NAME}"
    end

    def with_query_only
      connection = ActiveRecord::Base.lease_connection
      connection.execute "PRAGMA query_only = ON"
      yield
    ensure
      connection.execute "PRAGMA query_only = OFF"
    end
end

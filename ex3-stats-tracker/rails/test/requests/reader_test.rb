require "test_helper"

# The web process's user of the database needs no right but to read. With PostgreSQL that is a user of its own, who logs
# in and has been given what README.md says.
class ReaderTest < ActionDispatch::IntegrationTest
  include EveryAddress

  # Another session sees only what is committed.
  self.use_transactional_tests = false

  NAME = "stats_tracker_test_reader"

  test "every address answers one who may only read" do
    addresses = every_address(org: "fluxcd", package: "flagger").push("/compare?packages=fluxcd/flagger", "/api/chart/fluxcd/flagger.json?versions=2")
    assert_operator addresses.size, :>, 30
    reading_only do
      WRITES.each { |statement| assert_raises(ActiveRecord::StatementInvalid, statement) { ActiveRecord::Base.connection.execute(statement) } }
      addresses.each do |address|
        get address
        follow_redirect! if response.redirect?
        assert_response :success, address
      end
    end
  end

  WRITES = [
    "INSERT INTO orgs (name, source, created_at, updated_at) VALUES ('x', 'stand-in', '2026-05-10', '2026-05-10')",
    "UPDATE packages SET total = 0", "DELETE FROM measurements", "CREATE TABLE things (id integer)", "DROP TABLE measurements"
  ].freeze

  private
    def reading_only(&)
      ActiveRecord::Base.connection.adapter_name == "PostgreSQL" ? as_reader(&) : with_a_database_that_takes_no_writes(&)
    end

    def as_reader
      owner = ActiveRecord::Base.connection_db_config
      grants = Rails.root.join("README.md").read[/^```sql\n(.*?)^```$/m, 1] or flunk "README.md does not say what the reader is given"
      ActiveRecord::Base.connection.execute grants.gsub("stats_tracker_reader", NAME)
      ActiveRecord::Base.establish_connection(owner.configuration_hash.merge(username: NAME, password: "secret"))
      assert_equal NAME, ActiveRecord::Base.connection.select_value("SELECT current_user")
      yield
    ensure
      ActiveRecord::Base.establish_connection(owner)
      ActiveRecord::Base.connection.execute "DROP OWNED BY #{NAME}; DROP ROLE #{NAME}"
    end

    def with_a_database_that_takes_no_writes
      connection = ActiveRecord::Base.connection
      connection.execute "PRAGMA query_only = ON"
      yield
    ensure
      connection.execute "PRAGMA query_only = OFF"
    end
end

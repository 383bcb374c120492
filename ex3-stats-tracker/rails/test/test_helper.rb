ENV["RAILS_ENV"] ||= "test"
require_relative "../config/environment"
require "rails/test_help"
Rails.root.glob("test/support/*.rb").each { |file| require file }

ActiveRecord::Migration.suppress_messages { ActiveRecord::Base.connection_pool.migration_context.migrate }

HangReport.start

class ActiveSupport::TestCase
  include HangReport

  set_fixture_class package_days: Package::Day, org_days: Org::Day, version_days: Version::Day
  fixtures :all

  # For a class that starts programs with databases of their own: in the run on the other database it would be the same, and
  # it takes longer than all others.
  def self.only_in_the_run_on(database)
    define_singleton_method(:runnable_methods) { Database.postgresql? == (database == :postgresql) ? super() : [] }
  end

  # Runs the block on PostgreSQL. With SQLite there is nothing to test.
  def on_postgresql
    Database.postgresql? ? yield : pass
  end

  # Sets variables of the environment for the block.
  def with_environment(variables)
    before = ENV.to_h.slice(*variables.keys)
    ENV.update(variables)
    yield
  ensure
    variables.each_key { |name| ENV[name] = before[name] }
  end
end

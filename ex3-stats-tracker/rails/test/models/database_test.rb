require "test_helper"

# Databases with temporary and lasting errors. They are real: each test has a child process with its own database.
class DatabaseTest < ActiveSupport::TestCase
  include Processes

  self.use_transactional_tests = false

  NOON = Time.utc(2026, 5, 11, 12)
  POLICY = Collection::RequestPolicy.new(pause: 0.0001, concurrency: 1, max_rate_limit_wait: 0, max_attempts: 1, retry_delay: 0)
  PACKAGES = { "a" => 1, "b" => Component::Problem.new("timed_out", "slow"), "c" => 3, "d" => 4 }.freeze

  setup { @directory = Dir.mktmpdir }
  teardown { FileUtils.remove_entry @directory }

  # Each fault has a proc that breaks the database for the connection that writes, and one that repairs it.
  FAULTS = {
    "locked by another program" => [ ->(path, _writing) { SQLite3::Database.new(path).tap { |other| other.execute "BEGIN IMMEDIATE" } }, ->(other) { other.rollback } ],
    "on a disk that is full" => [
      ->(_path, writing) { writing.tap { writing.execute "PRAGMA max_page_count = #{writing.get_first_value "PRAGMA page_count"}" } },
      ->(writing) { writing.execute "PRAGMA max_page_count = 1000000" }
    ]
  }.freeze

  FAULTS.each do |fault, (break_database, repair)|
    test "SQLite #{fault} for a while: the collection waits, longer each time, and stores each row once" do
      child = on_sqlite do |output|
        slept = []
        broken, writing = nil, ActiveRecord::Base.lease_connection.raw_connection
        replace_pause lambda { |seconds|
          slept << seconds
          repair.call(broken) if slept.size == 3
        }
        # So many versions need new pages of the file.
        component = breaking(versions: { "a" => (1..5000).map { |id| [ id, 1 ] } }) { broken = break_database.call(database, writing) }
        collection = collect(component)
        output.puts [ slept, *collection.values_at(:state, :packages_listed, :packages_read, :packages_failed, :not_asked),
          Measurement.count, Failure.count, Version.count, Version::Day.count, component.requests.size ].to_json
      end
      assert_equal [ [ 0.5, 1, 2 ], "finished", 4, 3, 1, 0, 3, 1, 5000, 5000, 8 ], JSON.parse(child.output.read)
      assert_predicate child.wait, :success?
    end

    test "SQLite #{fault} for long: the collection can be resumed" do
      child = on_sqlite do |output|
        slept = []
        replace_pause ->(seconds) { slept << seconds }
        broken, writing = nil, ActiveRecord::Base.lease_connection.raw_connection
        error = begin
          collect(breaking(versions: { "a" => (1..5000).map { |id| [ id, 1 ] } }) { broken ||= break_database.call(database, writing) })
        rescue Database::Unavailable => error
          error
        end
        repair.call(broken)
        resumed = collect(ScriptedComponent.new(PACKAGES, now: NOON))
        output.puts [ slept == Database::RETRY_DELAYS, error.message, Database.exit_code(error), resumed.runs, resumed.packages_read ].to_json
      end
      waited, message, code, *resumed = JSON.parse(child.output.read)
      assert_equal [ true, 69, 2, 3 ], [ waited, code, *resumed ]
      assert_match(/\Athe database: .*(locked|full).*: try again in a while\z/, message)
    end
  end

  test "SQLite locked before the collection begins" do
    child = on_sqlite do |output|
      other = SQLite3::Database.new(database).tap { |another| another.execute "BEGIN IMMEDIATE" }
      replace_pause ->(_) { other.rollback }
      output.puts collect(ScriptedComponent.new(PACKAGES, now: NOON)).packages_read
    end
    assert_equal "3\n", child.output.read
  end

  test "a transaction that reads holds the write lock" do
    child = on_sqlite do |output|
      other = SQLite3::Database.new(database)
      insert = -> { other.execute "INSERT INTO repositories (name, created_at, updated_at) VALUES ('other/one', 0, 0)" }
      Repository.transaction do
        Repository.count
        # Another writer between this transaction's read and write has to wait.
        output.puts begin
          insert.call
        rescue SQLite3::BusyException => error
          error.class
        end
        Repository.create!(name: "this/one")
      end
      insert.call
      output.puts Repository.count
    end
    assert_equal "SQLite3::BusyException\n2\n", child.output.read
  end

  test "a connection to PostgreSQL that is lost in a collection" do
    unless Database.postgresql?
      # SQLite has no connection that could be lost.
      pass
    else
      Org.where(name: "scripted").destroy_all
      child = process do |output|
        replace_pause ->(_) {}
        other = PG.connect(ENV.fetch("DATABASE_URL"))
        pid = ActiveRecord::Base.lease_connection.select_value("SELECT pg_backend_pid()")
        collection = collect(breaking { other.exec("SELECT pg_terminate_backend(#{pid})") })
        output.puts [ *collection.values_at(:state, :packages_read, :packages_failed), collection.failures.count ].to_json
      end
      assert_equal [ "finished", 3, 1, 1 ], JSON.parse(child.output.read)
      Org.where(name: "scripted").destroy_all
    end
  end

  { "reading" => [ 1, 0 ], "failure" => [ 1, 1 ] }.each do |what, written|
    test "a #{what} whose commit was not confirmed counts once" do
      child = on_sqlite do |output|
        replace_pause ->(_) {}
        lost = false
        ActiveRecord::Base.singleton_class.prepend(Module.new do
          define_method(:transaction) do |*arguments, **options, &block|
            super(*arguments, **options, &block).tap do
              if !lost && [ Measurement.count, Failure.count ] == written && !lease_connection.transaction_open?
                lost = true
                raise ActiveRecord::ConnectionFailed, "lost", cause: Class.new(StandardError) { def self.name = "PG::ConnectionBad" }.new("lost")
              end
            end
          end
        end)
        collection = collect(ScriptedComponent.new(PACKAGES, now: NOON))
        output.puts [ lost, *collection.reload.values_at(:packages_read, :packages_failed), Measurement.count, Failure.count ].to_json
      end
      assert_equal [ true, 3, 1, 3, 1 ], JSON.parse(child.output.read)
    end
  end

  test "there is no retry after a lasting error" do
    child = on_sqlite do |output|
      replace_pause ->(_) { output.puts "waited" }
      [ -> { Repository.lease_connection.execute "no SQL" }, -> { Org.find(0) }, -> { File.read("/no/such/file") } ].each do |wrong|
        Database.with_retries(&wrong)
      rescue ActiveRecord::ActiveRecordError, SystemCallError => error
        output.puts [ error.class, Database.exit_code(error) ].inspect
      end
    end
    assert_equal "[ActiveRecord::StatementInvalid, nil]\n[ActiveRecord::RecordNotFound, nil]\n[Errno::ENOENT, nil]\n", child.output.read
  end

  test "the database's files have the mode 0600, also existing ones" do
    File.write(database, "")
    File.chmod(0o644, database)
    child = on_sqlite { |output| output.puts Dir["#{@directory}/*"].map { |file| [ File.basename(file), File.stat(file).mode.to_s(8)[-3..] ] }.to_h.to_json }
    modes = JSON.parse(child.output.read)
    assert_equal [ "600" ], modes.values.uniq, modes
    assert_operator modes.size, :>, 1, "also the files beside the database"
  end

  private
    def database
      "#{@directory}/own.sqlite3"
    end

    # Production's settings, with a shorter timeout of SQLite.
    def on_sqlite
      process do |output|
        settings = Rails.application.config.database_configuration.fetch("production")
        ActiveRecord::Base.establish_connection(settings.merge("adapter" => "sqlite3", "database" => database, "timeout" => 50, "url" => nil).compact)
        ActiveRecord::Migration.suppress_messages { ActiveRecord::Base.connection_pool.migration_context.migrate }
        yield output
      end
    end

    def replace_pause(replacement)
      Database.define_singleton_method(:pause, &replacement)
    end

    # A component that breaks the database after the first package's total was read.
    def breaking(versions: {}, &break_database)
      ScriptedComponent.new(PACKAGES, now: NOON, versions:).tap do |component|
        component.define_singleton_method(:versions) do |org, name, **hints|
          break_database.call if name == "a"
          super(org, name, **hints)
        end
      end
    end

    def collect(component)
      Collection.collect("scripted", source: "stand-in", policy: POLICY, clock: -> { NOON }, component:)
    end
end

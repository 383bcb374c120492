require "test_helper"

# A database that fails for a while, and one that stays away; each for real, in a process with a database of its own.
class DatabaseTest < ActiveSupport::TestCase
  include Processes

  self.use_transactional_tests = false

  NOON = Time.utc(2026, 5, 11, 12)
  MANNERS = Collection::Manners.new(pause: 0.0001, concurrency: 1, wait: 0, attempts: 1, retry_delay: 0)
  PACKAGES = { "a" => 1, "b" => Component::Problem.new("timed_out", "slow"), "c" => 3, "d" => 4 }.freeze

  setup { @directory = Dir.mktmpdir }
  teardown { FileUtils.remove_entry @directory }

  # Each is what spoils the database for the connection that writes, and what mends it.
  FAILURES = {
    "locked by another program" => [ ->(path, _writing) { SQLite3::Database.new(path).tap { |other| other.execute "BEGIN IMMEDIATE" } }, ->(other) { other.rollback } ],
    "on a disk that is full" => [
      ->(_path, writing) { writing.tap { writing.execute "PRAGMA max_page_count = #{writing.get_first_value "PRAGMA page_count"}" } },
      ->(writing) { writing.execute "PRAGMA max_page_count = 1000000" }
    ]
  }.freeze

  FAILURES.each do |how, (spoil, mend)|
    test "SQLite #{how} for a while: the pass waits, longer each time, and loses and doubles nothing" do
      child = on_sqlite do |said|
        slept = []
        spoilt, writing = nil, ActiveRecord::Base.connection.raw_connection
        waiting lambda { |seconds|
          slept << seconds
          mend.call(spoilt) if slept.size == 3
        }
        # The versions of a are so many that they need room.
        component = spoiling(versions: { "a" => (1..5000).map { |id| [ id, 1 ] } }) { spoilt = spoil.call(database, writing) }
        collection = collect(component)
        said.puts [ slept, *collection.values_at(:state, :packages_listed, :packages_read, :packages_failed, :not_asked),
          Measurement.count, Failure.count, Version.count, Version::Day.count, component.asked.size ].to_json
      end
      assert_equal [ [ 0.5, 1, 2 ], "finished", 4, 3, 1, 0, 3, 1, 5000, 5000, 8 ], JSON.parse(child.said.read)
      assert_predicate child.wait, :success?
    end

    test "SQLite #{how} for long: the pass is left to be resumed" do
      child = on_sqlite do |said|
        slept = []
        waiting ->(seconds) { slept << seconds }
        spoilt, writing = nil, ActiveRecord::Base.connection.raw_connection
        error = begin
          collect(spoiling(versions: { "a" => (1..5000).map { |id| [ id, 1 ] } }) { spoilt ||= spoil.call(database, writing) })
        rescue Database::Unavailable => error
          error
        end
        mend.call(spoilt)
        resumed = collect(ScriptedComponent.new(PACKAGES, now: NOON))
        said.puts [ slept == Database::WAITS, error.message, Database.exit_code(error), resumed.runs, resumed.packages_read ].to_json
      end
      waited, message, code, *resumed = JSON.parse(child.said.read)
      assert_equal [ true, 69, 2, 3 ], [ waited, code, *resumed ]
      assert_match(/\Athe database: .*(locked|full).*: try again in a while\z/, message)
    end
  end

  test "SQLite locked before the pass begins" do
    child = on_sqlite do |said|
      other = SQLite3::Database.new(database).tap { |another| another.execute "BEGIN IMMEDIATE" }
      waiting ->(_) { other.rollback }
      said.puts collect(ScriptedComponent.new(PACKAGES, now: NOON)).packages_read
    end
    assert_equal "3\n", child.said.read
  end

  test "what is read in a transaction is not out of date when it writes" do
    child = on_sqlite do |said|
      other = SQLite3::Database.new(database)
      insert = -> { other.execute "INSERT INTO repositories (name, created_at, updated_at) VALUES ('other/one', 0, 0)" }
      Repository.transaction do
        Repository.count
        # Who would write between reading and writing has to wait.
        said.puts begin
          insert.call
        rescue SQLite3::BusyException => error
          error.class
        end
        Repository.create!(name: "this/one")
      end
      insert.call
      said.puts Repository.count
    end
    assert_equal "SQLite3::BusyException\n2\n", child.said.read
  end

  test "a connection to PostgreSQL that is lost in a pass" do
    if ActiveRecord::Base.connection.adapter_name != "PostgreSQL"
      # There is none to lose.
      pass
    else
      Org.where(name: "scripted").destroy_all
      child = process do |said|
        waiting ->(_) {}
        other = PG.connect(ENV.fetch("DATABASE_URL"))
        pid = ActiveRecord::Base.connection.select_value("SELECT pg_backend_pid()")
        collection = collect(spoiling { other.exec("SELECT pg_terminate_backend(#{pid})") })
        said.puts [ *collection.values_at(:state, :packages_read, :packages_failed), collection.failures.count ].to_json
      end
      assert_equal [ "finished", 3, 1, 1 ], JSON.parse(child.said.read)
      Org.where(name: "scripted").destroy_all
    end
  end

  { "reading" => [ 1, 0 ], "failure" => [ 1, 1 ] }.each do |what, written|
    test "a #{what} that was committed without anybody being told counts once" do
      child = on_sqlite do |said|
        waiting ->(_) {}
        lost = false
        ActiveRecord::Base.singleton_class.prepend(Module.new do
          define_method(:transaction) do |*arguments, **options, &block|
            super(*arguments, **options, &block).tap do
              if !lost && [ Measurement.count, Failure.count ] == written && !connection.transaction_open?
                lost = true
                raise ActiveRecord::ConnectionFailed, "lost", cause: Class.new(StandardError) { def self.name = "PG::ConnectionBad" }.new("lost")
              end
            end
          end
        end)
        collection = collect(ScriptedComponent.new(PACKAGES, now: NOON))
        said.puts [ lost, *collection.reload.values_at(:packages_read, :packages_failed), Measurement.count, Failure.count ].to_json
      end
      assert_equal [ true, 3, 1, 3, 1 ], JSON.parse(child.said.read)
    end
  end

  test "what does not pass by itself is not waited for" do
    child = on_sqlite do |said|
      waiting ->(_) { said.puts "waited" }
      [ -> { Repository.connection.execute "no SQL" }, -> { Org.find(0) }, -> { File.read("/no/such/file") } ].each do |wrong|
        Database.patiently(&wrong)
      rescue ActiveRecord::ActiveRecordError, SystemCallError => error
        said.puts [ error.class, Database.exit_code(error) ].inspect
      end
    end
    assert_equal "[ActiveRecord::StatementInvalid, nil]\n[ActiveRecord::RecordNotFound, nil]\n[Errno::ENOENT, nil]\n", child.said.read
  end

  test "the database's files are the user's alone, also those that were there before" do
    File.write(database, "")
    File.chmod(0o644, database)
    child = on_sqlite { |said| said.puts Dir["#{@directory}/*"].map { |file| [ File.basename(file), File.stat(file).mode.to_s(8)[-3..] ] }.to_h.to_json }
    modes = JSON.parse(child.said.read)
    assert_equal [ "600" ], modes.values.uniq, modes
    assert_operator modes.size, :>, 1, "those beside it, too"
  end

  private
    def database
      "#{@directory}/own.sqlite3"
    end

    # As production has it, but that SQLite itself waits for no longer than a moment.
    def on_sqlite
      process do |said|
        settings = Rails.application.config.database_configuration.fetch("production")
        ActiveRecord::Base.establish_connection(settings.merge("adapter" => "sqlite3", "database" => database, "timeout" => 50, "url" => nil).compact)
        ActiveRecord::Migration.suppress_messages { ActiveRecord::Base.connection_pool.migration_context.migrate }
        yield said
      end
    end

    def waiting(instead)
      Database.define_singleton_method(:pause, &instead)
    end

    # Spoils the database when the first package was read.
    def spoiling(versions: {}, &spoil)
      ScriptedComponent.new(PACKAGES, now: NOON, versions:).tap do |component|
        component.define_singleton_method(:versions) do |org, name, **hints|
          spoil.call if name == "a"
          super(org, name, **hints)
        end
      end
    end

    def collect(component)
      Collection.collect("scripted", source: "stand-in", manners: MANNERS, clock: -> { NOON }, component:)
    end
end

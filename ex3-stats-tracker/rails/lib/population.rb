# Fills the database with invented figures of years of tracking, for measurements of the pages. SQL generates the rows, so
# that millions take minutes.
class Population
  NAME = "benchmark"
  VERSIONS = 30

  # +measurements+ is their number for all +packages+ together. They are an hour apart, and the last is of this hour.
  def initialize(measurements:, packages: 200)
    @packages = packages
    @hours = measurements / packages
    @last = Time.current.beginning_of_hour
    @connection = ActiveRecord::Base.lease_connection
  end

  def make
    Org.where(name: NAME).destroy_all
    @org = Org.create!(name: NAME, source: "stand-in")
    ActiveRecord::Base.transaction do
      make_packages
      make_collections
      make_measurements
      make_days
      make_versions
      sum_up
    end
    @connection.execute "ANALYZE"
    Measurement.where(package_id: @org.packages.select(:id)).count
  end

  private
    def make_packages
      now = Time.current
      Package.insert_all!((0...@packages).map { |position|
        { org_id: @org.id, name: "package-#{position.to_s.rjust(3, "0")}", position:, listed_at: now, measured_at: @last,
          versions_measured_at: @last, recent: Array.new(30) { |day| (position + 1) * (1000 + day) }, recent_until: @last.to_date }
      })
    end

    # A finished collection every hour.
    def make_collections
      run <<~SQL
        INSERT INTO collections (org_id, state, started_at, finished_at, seconds, packages_listed, packages_read, created_at, updated_at)
        SELECT #{@org.id}, 'finished', #{hours_ago("n")}, #{hours_ago("n")}, 30, #{@packages}, #{@packages}, #{hours_ago("n")}, #{hours_ago("n")}
        FROM numbers
      SQL
    end

    def make_measurements
      checking_afterwards(:measurements) do
        run <<~SQL
          INSERT INTO measurements (package_id, at, total, fell)
          SELECT packages.id, #{hours_ago("n")}, #{total("n")}, #{@connection.quoted_false}
          FROM packages, numbers WHERE packages.org_id = #{@org.id}
        SQL
      end
    end

    # Foreign keys and indexes are added after the rows: millions of rows then take a quarter of the time. SQLite can't drop
    # a foreign key. PostgreSQL's transaction restores them after an error.
    def checking_afterwards(table)
      return yield unless Database.postgresql?

      references, indexes = @connection.foreign_keys(table), @connection.indexes(table)
      references.each { |reference| @connection.remove_foreign_key table, name: reference.name }
      indexes.each { |index| @connection.remove_index table, name: index.name }
      yield
      indexes.each { |index| @connection.add_index table, index.columns, name: index.name, unique: index.unique }
      references.each { |reference| @connection.add_foreign_key table, reference.to_table, **reference.options }
    end

    def make_days
      run <<~SQL, @hours / 24
        INSERT INTO package_days (package_id, date, total, measured_at, versions_read)
        SELECT packages.id, #{date("n")}, #{total("n * 24")}, #{hours_ago("n * 24")}, #{@connection.quoted_true}
        FROM packages, numbers WHERE packages.org_id = #{@org.id}
      SQL
      run <<~SQL, @hours / 24
        INSERT INTO daily_downloads (package_id, date, count, read_at, settled)
        SELECT packages.id, #{date("n")}, (packages.position + 1) * 24 * (50 + n % 7), #{hours_ago("n * 24")}, n > 0
        FROM packages, numbers WHERE packages.org_id = #{@org.id}
      SQL
      run <<~SQL, @hours / 24
        INSERT INTO org_days (org_id, date, total, packages_read)
        SELECT #{@org.id}, #{date("n")}, SUM(#{total("n * 24")}), COUNT(*)
        FROM packages, numbers WHERE packages.org_id = #{@org.id} GROUP BY n
      SQL
    end

    def make_versions
      run <<~SQL, VERSIONS
        INSERT INTO versions (package_id, github_id, tags, position, total, measured_at, created_at, updated_at)
        SELECT packages.id, n, '["v1.0"]', n, 1000000 - n, #{hours_ago("0")}, #{hours_ago("0")}, #{hours_ago("0")}
        FROM packages, numbers WHERE packages.org_id = #{@org.id}
      SQL
      run <<~SQL, @hours / 24
        INSERT INTO version_days (version_id, date, total)
        SELECT versions.id, #{date("n")}, 1000000 - n
        FROM versions, numbers WHERE versions.position < 3 AND versions.package_id IN (SELECT id FROM packages WHERE org_id = #{@org.id})
      SQL
    end

    def sum_up
      growths = Growing::SPANS.map { |days| "growth_#{days} = (position + 1) * 50 * 24 * #{days}" }.join(", ")
      run "UPDATE packages SET total = #{total("0")}, #{growths} WHERE org_id = #{@org.id}"
      @org.reload.update_sums @last.to_date, @last.to_date
      @org.update!(packages_count: @packages)
    end

    # Runs a statement that may use the table +numbers+, whose column +n+ counts from 0 to count - 1.
    def run(sql, count = @hours)
      numbers =
        if Database.postgresql?
          "WITH numbers(n) AS (SELECT generate_series(0, #{count - 1})) "
        else
          "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < #{count - 1}) "
        end
      # SQLite accepts WITH only before the INSERT, PostgreSQL also there.
      @connection.execute(sql.start_with?("INSERT") ? numbers + sql : sql)
    end

    def total(hours_ago)
      "CAST(packages.position + 1 AS bigint) * 50 * (1000000 - (#{hours_ago}))"
    end

    def hours_ago(hours)
      last = @connection.quote(@last)
      Database.postgresql? ? "CAST(#{last} AS timestamp) - (#{hours}) * interval '1 hour'" : "datetime(#{last}, '-' || (#{hours}) || ' hours') || '.000000'"
    end

    def date(days)
      last = @connection.quote(@last.to_date)
      Database.postgresql? ? "CAST(#{last} AS date) - (#{days})" : "date(#{last}, '-' || (#{days}) || ' days')"
    end
end

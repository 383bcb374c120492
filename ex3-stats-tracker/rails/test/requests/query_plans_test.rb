require "test_helper"
require Rails.root.join("lib/population")

# How the database answers the queries of every path, beside a large organisation. A scan of a whole table would take
# longer with every day.
#
# With so many rows PostgreSQL prefers a scan to an index at times, or not, depending on its sample of the rows. So scans are
# forbidden: what is left has no index to use. With PLANNED_MEASUREMENTS=10000000 the rows are as many as after years, which
# takes a minute or two, and the plans are those that PostgreSQL chooses.
class QueryPlansTest < ActionDispatch::IntegrationTest
  include WithoutAssets, EveryPath

  MEASUREMENTS = Integer(ENV.fetch("PLANNED_MEASUREMENTS", 400_000))
  MANY = MEASUREMENTS >= 10_000_000
  LARGE = %w[measurements package_days daily_downloads version_days].freeze

  test "no path reads the whole of a large table" do
    Population.new(measurements: MEASUREMENTS, packages: MANY ? 200 : 50).make
    scanned = Hash.new { |queries, table| queries[table] = Set.new }
    explained = queries.each { |sql, binds| scans(sql, binds).each { |table| scanned[table] << sql } }.size
    assert_operator explained, :>, 10
    assert_equal({}, scanned)
  end

  test "a scan is found" do
    Population.new(measurements: 5_000, packages: 50).make
    assert_equal %w[measurements], scans("SELECT SUM(total) FROM measurements", [])
  end

  private
    # Each query of every path that reads a large table, once.
    def queries
      found = {}
      listener = lambda do |*, payload|
        sql = payload[:sql]
        found[sql] ||= payload[:binds] if sql.match?(/\A\s*(SELECT|WITH)/i) && LARGE.any? { |table| sql.include?(table) }
      end
      ActiveSupport::Notifications.subscribed(listener, "sql.active_record") do
        every_path(org: "fluxcd", package: "flagger").each do |path|
          [ path, "#{path}#{path.include?("?") ? "&" : "?"}range=all" ].each { |address| get address }
        end
      end
      found
    end

    # The large tables that the query reads from beginning to end.
    def scans(sql, binds)
      connection = ActiveRecord::Base.lease_connection
      if Database.postgresql?
        connection.execute "SET LOCAL enable_seqscan = off" unless MANY
        sequential_scans(JSON.parse(connection.exec_query("EXPLAIN (FORMAT JSON) #{sql}", "EXPLAIN", binds).rows.dig(0, 0)).first["Plan"])
      else
        connection.exec_query("EXPLAIN QUERY PLAN #{sql}", "EXPLAIN", binds).rows.filter_map { |*, step| step[/\ASCAN (\w+)/, 1] } & LARGE
      end
    end

    def sequential_scans(node)
      [ *(node["Relation Name"] if node["Node Type"] == "Seq Scan" && LARGE.include?(node["Relation Name"])), *node.fetch("Plans", []).flat_map { |child| sequential_scans(child) } ]
    end
end

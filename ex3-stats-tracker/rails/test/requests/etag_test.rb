require "test_helper"

# A list that the client has is not read from the database, and every change of a list changes its ETag.
class EtagTest < ActionDispatch::IntegrationTest
  include Readings

  LISTS = {
    "/api/orgs" => %w[orgs], "/api/orgs/fluxcd" => %w[orgs], "/api/packages/fluxcd" => %w[orgs packages], "/api/packages/fluxcd/flagger" => %w[orgs packages],
    "/api/versions/fluxcd/flagger" => %w[orgs packages], "/api/measurements/fluxcd/flagger" => %w[orgs packages],
    "/api/downloads/fluxcd" => %w[orgs packages], "/api/downloads/fluxcd/flagger" => %w[orgs packages],
    "/api/days/fluxcd" => %w[orgs], "/api/days/fluxcd/flagger" => %w[orgs packages], "/api/failures/fluxcd" => %w[orgs packages],
    "/api/failures/fluxcd/flagger" => %w[orgs packages], "/api/collections/fluxcd" => %w[orgs collections]
  }.freeze

  test "an unchanged list is not read" do
    LISTS.each do |path, tables|
      %w[json csv].each do |format|
        get "#{path}.#{format}"
        etag = response.headers["ETag"]
        queries = queries_of { get "#{path}.#{format}", headers: { "If-None-Match" => etag } }
        assert_response :not_modified, path
        assert_empty queries.flat_map { |query| query.scan(/FROM "?(\w+)"?/).flatten }.uniq - tables, path
        assert_operator queries.size, :<=, 2, "#{path}: #{queries}"
      end
    end
  end

  test "another page, range or format has another ETag" do
    etags = %w[.json .csv .json?limit=1 .json?limit=2 .json?from=2026-05-09].map do |suffix|
      get "/api/days/fluxcd/flagger#{suffix}"
      response.headers["ETag"]
    end
    assert_equal etags.size, etags.uniq.size
  end

  test "every write that changes a list changes its ETag" do
    package, org, at = packages(:flagger), orgs(:fluxcd), Time.utc(2026, 5, 11, 12)
    travel_to at + 1.hour
    # Fixtures have the time of the test's run.
    [ Org, Package ].each { |model| model.update_all(updated_at: at) }
    collection = org.collections.create!(state: "running", started_at: at)
    problem = Component::Problem.new("timed_out", "too slow")
    changes = {
      "a reading" => -> { Package.record({ package.reload => reading(260, at: "2026-05-11 12:00:00", daily: { "2026-05-10" => 9, "2026-05-11" => 1 }) }) },
      "another reading of the day" => -> { Package.record({ package.reload => reading(255, at: "2026-05-11 12:30:00", daily: { "2026-05-11" => 2 }) }) },
      "versions" => -> { Package.record_versions([ [ package.reload, [ Component::Contract::TaggedVersion.new(id: 123, tags: [ "v2" ], total: 50) ], at ] ]) },
      "a failure" => -> { package.reload.record_failure(problem, about: "total", at:, collection:) },
      "a failure of the versions" => -> { package.reload.record_failure(problem, about: "versions", at:, collection:) },
      "the list's failure" => -> { org.reload.record_failure(problem, at:) },
      "a list with another package" => -> { org.reload.list(%w[new flagger].map { |name| Component::Contract::ListedPackage.new(name:, repository: nil) }, at:) },
      "the sums" => -> { org.reload.update_sums(at.to_date, at.to_date) },
      "the collection's counters" => -> { collection.update_columns(packages_read: 1) },
      "the collection's end" => -> { collection.update!(state: "finished", finished_at: at + 60) }
    }
    changed = Hash.new { |paths, name| paths[name] = [] }
    answers = answers_of_all
    changes.each do |name, change|
      travel 1.second
      change.call
      before, answers = answers, answers_of_all
      LISTS.each_key do |path|
        next if before[path].last == answers[path].last

        changed[name] << path
        assert_not_equal before[path].first, answers[path].first, "#{path} after #{name}"
      end
    end
    assert_empty changes.keys - changed.keys, "each write changes a list"
    assert_empty LISTS.keys - changed.values.flatten, "each list changes"
  end

  private
    def answers_of_all
      LISTS.keys.index_with do |path|
        get "#{path}.json"
        [ response.headers["ETag"], response.body ]
      end
    end

    def queries_of
      queries = []
      subscriber = ActiveSupport::Notifications.subscribe("sql.active_record") do |*, payload|
        queries << payload[:sql] unless %w[SCHEMA TRANSACTION].include?(payload[:name])
      end
      yield
      queries
    ensure
      ActiveSupport::Notifications.unsubscribe(subscriber)
    end
end

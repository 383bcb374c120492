require "test_helper"
require "json_schemer"
require "yaml"

# The client accepts exactly the answers that ../openapi.yaml allows.
class Component::ContractTest < ActiveSupport::TestCase
  API = YAML.load_file(Rails.root.join("../openapi.yaml"))

  MEASUREMENT = { "name" => "charts/flagger", "total" => 14_360, "measured_at" => "2026-05-10T12:00:00Z",
    "daily" => [ { "date" => "2026-05-10", "count" => 412 }, { "date" => "2026-05-09", "count" => 0 } ] }.freeze

  MEASUREMENTS = [
    MEASUREMENT,
    MEASUREMENT.merge("daily" => []),
    MEASUREMENT.merge("total" => 0),
    MEASUREMENT.merge("total" => 2**63 - 1),
    MEASUREMENT.merge("total" => -1),
    MEASUREMENT.merge("total" => nil),
    MEASUREMENT.merge("total" => "14360"),
    MEASUREMENT.merge("total" => 14_360.5),
    MEASUREMENT.merge("name" => ""),
    MEASUREMENT.merge("name" => "Flagger"),
    MEASUREMENT.merge("measured_at" => "2026-05-10"),
    MEASUREMENT.merge("measured_at" => "2026-05-10T12:00:00+02:00"),
    MEASUREMENT.merge("measured_at" => nil),
    MEASUREMENT.merge("daily" => nil),
    MEASUREMENT.merge("daily" => [ 412 ]),
    MEASUREMENT.merge("daily" => [ { "date" => "2026-02-30", "count" => 1 } ]),
    MEASUREMENT.merge("daily" => [ { "date" => "10 May 2026", "count" => 1 } ]),
    MEASUREMENT.merge("daily" => [ { "date" => "2026-05-10", "count" => -1 } ]),
    MEASUREMENT.merge("daily" => [ { "date" => "2026-05-10" } ]),
    MEASUREMENT.except("total"),
    MEASUREMENT.except("daily"),
    MEASUREMENT.except("measured_at"),
    [], "x", 1, nil
  ].freeze

  LISTS = [
    [],
    [ { "name" => "flagger", "repository" => nil } ],
    [ { "name" => "a/b_c__d--e.f", "repository" => "fluxcd/flagger" } ],
    [ { "name" => "flagger", "repository" => "fluxcd" } ],
    [ { "name" => "flagger", "repository" => "a/b/c" } ],
    [ { "name" => "flagger", "repository" => 1 } ],
    [ { "name" => "../../etc", "repository" => nil } ],
    [ { "name" => "a" * 256, "repository" => nil } ],
    [ { "name" => nil, "repository" => nil } ],
    [ {} ],
    [ nil ], [ [] ], {}, nil
  ].freeze

  VERSIONS = [
    [],
    [ { "id" => 1, "tags" => [], "total" => 0 } ],
    [ { "id" => 2**62, "tags" => [ "v1", "latest" ], "total" => 17_118 } ],
    [ { "id" => 1, "tags" => [ "" ], "total" => 0 } ],
    [ { "id" => 1, "tags" => nil, "total" => 0 } ],
    [ { "id" => 1, "tags" => [ 1 ], "total" => 0 } ],
    [ { "id" => "1", "tags" => [], "total" => 0 } ],
    [ { "id" => -1, "tags" => [], "total" => 0 } ],
    [ { "id" => 1, "tags" => [], "total" => nil } ],
    [ { "id" => 1, "tags" => [] } ],
    {}, nil
  ].freeze

  test "a measurement" do
    hold_to("Measurement", MEASUREMENTS) { |answer| Component::Contract.measurement(answer, of: "charts/flagger") }
  end

  test "a list of packages" do
    hold_to("PackageList", LISTS) { |answer| Component::Contract.packages(answer) }
  end

  test "a list of versions" do
    hold_to("VersionList", VERSIONS) { |answer| Component::Contract.versions(answer) }
  end

  test "all values of a measurement are read" do
    reading = Component::Contract.measurement(MEASUREMENT, of: "charts/flagger")
    assert_equal 14_360, reading.total
    assert_equal({ Date.new(2026, 5, 10) => 412, Date.new(2026, 5, 9) => 0 }, reading.daily)
    assert_equal Time.utc(2026, 5, 10, 12), reading.measured_at
  end

  test "another package's measurement is refused" do
    problem = assert_raises(Component::Problem) { Component::Contract.measurement(MEASUREMENT, of: "flagger") }
    assert_equal "component_failed", problem.kind
  end

  test "a count beyond 63 bits has the kind out_of_range" do
    problem = assert_raises(Component::Problem) do
      Component::Contract.measurement(MEASUREMENT.merge("total" => 2**63), of: "charts/flagger")
    end
    assert_equal "out_of_range", problem.kind
  end

  test "a tag with a NUL character is refused" do
    assert_raises(Component::Problem) { Component::Contract.versions([ { "id" => 1, "tags" => [ "a\0b" ], "total" => 1 } ]) }
  end

  test "the kinds are those of the contract, and each can be stored" do
    assert_equal API.dig("components", "schemas", "Kind", "enum"), Component::Contract::KINDS
    assert_empty Component::Contract::KINDS - Failure::KINDS
    assert_empty Component::Problem::TEMPORARY - Failure::KINDS
  end

  private
    def hold_to(name, answers)
      schema = JSONSchemer.schema({ "$ref" => "#/components/schemas/#{name}", "components" => API["components"] })
      outcomes = answers.map do |answer|
        allowed = schema.valid?(answer)
        taken = begin
          yield answer
          true
        rescue Component::Problem => problem
          assert_equal "component_failed", problem.kind
          false
        end
        assert_equal allowed, taken, "#{answer.inspect} is #{allowed ? "allowed" : "not allowed"} by the contract"
        taken
      end
      assert_equal [ false, true ], outcomes.uniq.sort_by(&:to_s), "the test has allowed answers and others"
    end
end

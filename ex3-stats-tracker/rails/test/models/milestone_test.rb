require "test_helper"

class MilestoneTest < ActiveSupport::TestCase
  test "the round numbers between two totals" do
    assert_equal [ 1_000, 2_000, 5_000 ], Milestone.between(999, 5_000)
    assert_equal [], Milestone.between(1_000, 1_999)
    assert_equal [], Milestone.between(0, 999)
    assert_equal [ 5_000_000_000_000_000_000 ], Milestone.between(2 * 10**18, 2**63 - 1)
  end

  test "a milestone is passed once" do
    passed = ->(from, to) { Milestone.record(org_id: orgs(:fluxcd).id, package_id: packages(:chart).id, from:, to:, at: Time.current) }
    assert_difference -> { packages(:chart).org.milestones.count }, 2 do
      passed[900, 2_100]
      passed[900, 2_100]
      passed[1_900, 2_500]
    end
  end

  test "nothing is stored for the first reading, for an unknown total and for a fall" do
    assert_no_difference -> { Milestone.count } do
      Milestone.record(org_id: orgs(:fluxcd).id, from: nil, to: 5_000, at: Time.current)
      Milestone.record(org_id: orgs(:fluxcd).id, from: 5_000, to: nil, at: Time.current)
      Milestone.record(org_id: orgs(:fluxcd).id, from: 5_000, to: 900, at: Time.current)
    end
  end
end

require "test_helper"

# A package has vanished after two collections whose lists lack it.
class Org::ListingTest < ActiveSupport::TestCase
  NOON = Time.utc(2026, 5, 10, 12)

  setup do
    @org = orgs(:unread)
    list NOON, "a", "b"
  end

  test "a package that one list lacks has not vanished, and is not requested" do
    list NOON + 1.hour, "a"
    assert_equal [ false, true, NOON + 1.hour ], [ b.vanished?, b.missed?, b.missed_at ]
    assert_equal [ %w[a b], %w[a] ], [ @org.packages.listed.ordered.pluck(:name), @org.packages.on_list.ordered.pluck(:name) ]
    assert_equal 1, @org.packages_count
    list NOON + 2.hours, "a", "b"
    assert_equal [ false, false ], [ b.vanished?, b.missed? ]
    list NOON + 3.hours, "a"
    assert_not b.vanished?, "the count began again"
  end

  test "a package that two lists lack has vanished, at the time of the second one" do
    2.times { |hour| list NOON + 1.hour + hour.hours, "a" }
    assert_equal [ NOON + 2.hours, false ], [ b.vanished_at, b.missed? ]
    list NOON + 3.hours, "a"
    assert_equal NOON + 2.hours, b.vanished_at
    list NOON + 4.hours, "a", "b"
    assert_equal [ nil, nil ], [ b.vanished_at, b.missed_at ]
  end

  test "the lists of a resumed collection count as one" do
    @org.collections.create!(state: "running", started_at: NOON + 1.hour)
    3.times { |minutes| list NOON + 1.hour + minutes.minutes, "a" }
    assert_equal [ false, true ], [ b.vanished?, b.missed? ]
  end

  private
    def list(at, *names)
      @org.list(names.map { |name| Component::Contract::ListedPackage.new(name:, repository: nil) }, at:)
    end

    def b = @org.packages.find_by!(name: "b")
end

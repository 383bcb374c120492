require "test_helper"
require "rake"

# The invented figures of the browser tests and the screenshots.
class FiguresTest < ActiveSupport::TestCase
  setup { Rails.application.load_tasks unless Rake::Task.task_defined?("figures:invent") }

  test "the growth over a day is a day's downloads, just after midnight and just before it" do
    [ "2026-11-23 00:00:10", "2026-11-23 23:59:50" ].each do |now|
      travel_to Time.utc(*now.scan(/\d+/).map(&:to_i)) do
        capture_io { Rake::Task["figures:invent"].tap(&:reenable).invoke }
        org = Org.find_by!(name: "fluxcd")
        package = org.packages.find_by!(name: "source-controller")
        yesterday, today = package.daily_downloads.order(:date).last(2).map(&:count)
        # The growth's 24 hours begin and end seconds from midnight, so that almost all of them are of one day.
        assert_in_delta [ yesterday, today ].max, package.growth(1), yesterday / 1000.0, now
        assert_operator org.growth(1), :>, package.growth(1), now
        assert_equal org.total, org.packages.listed.sum(:total), now
      end
    end
  end
end

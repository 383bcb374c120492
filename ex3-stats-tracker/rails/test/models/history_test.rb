require "test_helper"

# The limits and times of a replay. The replay itself needs the stand-in: collection/stand_in_test.rb.
class HistoryTest < ActiveSupport::TestCase
  test "a history has days and a step that leave no gap between the pages of 30 days" do
    with_environment("STATS_TRACKER_SOURCE" => "stand-in") do
      { { days: 0 } => false, { days: 1 } => true, { days: 3650 } => true, { days: 3651 } => false,
        { days: 9, step: 0 } => false, { days: 9, step: 1 } => true, { days: 9, step: 29 } => true, { days: 9, step: 30 } => false }.each do |range, taken|
        assert_equal taken, history?(**range), range.inspect
      end
    end
    with_environment("STATS_TRACKER_SOURCE" => "github.com") { assert_not history?(days: 1) }
  end

  test "the beginnings of growth's spans are replayed, and the present" do
    freeze_time
    with_environment("STATS_TRACKER_SOURCE" => "stand-in") do
      times = History.new("fluxcd", days: 40, step: 14, stand_in: nil).send(:times)
      assert_equal [ 40, 30, 26, 12, 7, 1, 0 ], times.map { |time| (Time.current - time).to_i / 86_400 }
    end
  end

  private
    def history?(**range)
      History.new("fluxcd", **range, stand_in: nil) && true
    rescue ArgumentError
      false
    end
end

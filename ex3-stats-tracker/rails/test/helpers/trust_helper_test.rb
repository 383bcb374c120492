require "test_helper"

class TrustHelperTest < ActionView::TestCase
  test "figures are fresh for 26 hours, and never from the future" do
    freeze_time
    { 26.hours - 1 => true, 26.hours => false, 27.hours => false, 25.days => false, 0 => true, -5.minutes => true, -6.minutes => false }
      .each { |ago, fresh| assert_equal fresh, fresh?(Time.current - ago), ago.inspect }
    assert_not fresh?(nil)
    assert_equal [ "never read", "stale", "fresh", "in the future" ],
      [ nil, 26.hours.ago, 25.hours.ago, 1.hour.from_now ].map { |time| Nokogiri::HTML5.fragment(freshness(time)).text }
  end
end

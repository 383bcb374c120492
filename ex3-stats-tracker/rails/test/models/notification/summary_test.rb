require "test_helper"

# The summary of the week from the 4th to the 10th of May 2026, of the figures of TenDays.
class Notification::SummaryTest < ActiveSupport::TestCase
  include Readings, TenDays

  MONDAY = Time.utc(2026, 5, 11, 12)

  test "after the first finished collection of the next week, once, with the week's figures" do
    org = ten_days
    receivers = [ Data.define(:name).new("slack") ]
    make = -> { Notification.make(org.reload, receivers:, since: Time.utc(2026, 5, 10)).select { |made| made.kind == "summary" } }
    assert_empty make.call
    travel_to MONDAY
    assert_empty make.call
    org.collections.create!(state: "finished", started_at: MONDAY, finished_at: MONDAY, packages_listed: 2)
    summary = make.call.sole
    # steady: 104 to 107 from the 4th to the 7th, and 40 of the 8th; new: 2, 2, 5, 7, 9, 11, 4. New's two weeks are 2, 2, 5, 7, 9, 11
    # and a day that was not over: no package has two whole weeks.
    assert_equal({ "week" => "2026-05-04", "until" => "2026-05-10", "total" => 10_824, "downloads" => 502, "incomplete" => 2,
      "after" => nil, "before" => nil, "not_compared" => 2,
      "packages" => [ { "package" => "steady", "downloads" => 462 }, { "package" => "new", "downloads" => 40 } ],
      "releases" => [], "failing" => 1, "gone" => 0, "source" => "github.com" }, summary.data)
    assert_empty make.call

    assert_equal "ten-days: 502 downloads in the week from 2026-05-04 until 2026-05-10\nThe week before can't be compared\nTotal: 10,824\n" \
      "Most: steady 462, new 40\n2 packages lack counts of the week\n1 package can't be read", Notification::Text.new(summary).to_s
  end

  test "two whole weeks are compared" do
    org = ten_days
    travel_to MONDAY
    read org.packages.find_by!(name: "new"), 136, at: MONDAY, daily: NEW.merge(Date.new(2026, 5, 10) => 13)
    data = Notification::Summary.new(org, Date.new(2026, 5, 4)..Date.new(2026, 5, 10)).to_h
    # New: 2 + 2 + 5 + 7 + 9 + 11 + 13 after seven days of 2.
    assert_equal [ 49, 14, 1 ], data.values_at("after", "before", "not_compared")
    text = Notification::Text.new(Notification.new(org:, kind: "summary", data: data.merge("source" => "stand-in"))).to_s
    assert_match(/35 more than in the week before \(\+250.0 %\), without 1 package that can't be compared/, text)
    assert_match(/ \(stand-in: invented\)$/, text.lines.first.chomp)
  end
end

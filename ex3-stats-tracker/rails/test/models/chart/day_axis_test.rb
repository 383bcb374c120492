require "test_helper"

class Chart::DayAxisTest < ActiveSupport::TestCase
  def labels(from, until_)
    Chart::DayAxis.new(Date.iso8601(from)..Date.iso8601(until_)).marks.map(&:label)
  end

  test "days, months or years, and each year once" do
    assert_equal [ "10 May 2026", "11 May", "12 May" ], labels("2026-05-10", "2026-05-12")
    assert_equal [ "25 Dec 2025", "1 Jan 2026", "8 Jan", "15 Jan" ], labels("2025-12-25", "2026-01-20")
    assert_equal [ "Nov 2025", "Dec", "Jan 2026", "Feb" ], labels("2025-10-17", "2026-02-28")
    assert_equal [ "Jan 2025", "Apr", "Jul", "Oct", "Jan 2026" ], labels("2025-01-01", "2026-02-28")
    assert_equal [ "Jan 2022", "Jan 2023", "Jan 2024", "Jan 2025", "Jan 2026" ], labels("2021-03-01", "2026-02-28")
    assert_equal [ "10 May 2026" ], labels("2026-05-10", "2026-05-10")
  end
end

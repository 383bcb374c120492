require "test_helper"

class FiguresHelperTest < ActionView::TestCase
  test "a ratio has a sign, and a small one that rounds to zero is shown as < or >" do
    { [ 1, 3 ] => "+50 %", [ -1, 99 ] => "−1 %", [ 16, 10_016 ] => "+0.16 %", [ 1_000, 1_100 ] => "+1,000 %",
      [ 1, 1_000_001 ] => "< +0.01 %", [ -1, 999_999 ] => "> −0.01 %", [ 0, 5 ] => "0 %", [ 5, 5 ] => nil, [ nil, 5 ] => nil }
      .each { |(growth, total), words| assert_equal [ words ], [ ratio(growth, total) ], "#{growth} of #{total}" }
  end
end

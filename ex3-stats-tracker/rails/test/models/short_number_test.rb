require "test_helper"

class ShortNumberTest < ActiveSupport::TestCase
  test "three digits, rounded half up, as GitHub shows them" do
    { 0 => "0", 7 => "7", 999 => "999", 1_000 => "1K", 1_004 => "1K", 1_005 => "1.01K", 1_318 => "1.32K", 14_360 => "14.4K",
      670_091 => "670K", 999_499 => "999K", 999_500 => "1M", 999_999 => "1M", 1_000_000 => "1M", 355_103_300 => "355M",
      4_800_000_000 => "4.8B", 4_890_000_000 => "4.89B", 999_500_000_000 => "1T", 2**63 - 1 => "9220000T", -14_360 => "-14.4K" }
      .each { |number, text| assert_equal text, ShortNumber.format(number), number }
  end
end

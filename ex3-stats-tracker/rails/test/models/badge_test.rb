require "test_helper"

class BadgeTest < ActiveSupport::TestCase
  test "numbers are cut, not rounded" do
    { 0 => "0", 7 => "7", 999 => "999", 1_000 => "1k", 1_999 => "1.99k", 14_360 => "14.3k", 999_999 => "999k",
      1_000_000 => "1M", 355_103_300 => "355M", 4_800_000_000 => "4.8B", 2**63 - 1 => "9.22E" }.each do |total, text|
      assert_equal text, Badge.new(total).message, total
    end
  end

  test "an unknown total is not 0" do
    badge = Badge.new(nil)
    assert_equal "unknown", badge.message
    assert badge.as_json[:isError]
    assert_equal "lightgrey", badge.color
  end

  test "invented figures are labelled" do
    assert_equal "downloads (stand-in)", Badge.new(5, stand_in: true).label
  end

  test "a label is escaped" do
    svg = Badge.new(5, label: %(</text><script>alert("1")</script>&)).to_svg
    document = Nokogiri::XML(svg, &:strict)
    assert_empty document.css("script")
    assert_includes document.css("text").first.text, "<script>"
  end

  test "a label is cut" do
    assert_equal Badge::MAX_LABEL_LENGTH, Badge.new(5, label: "x" * 5_000).label.length
  end
end

require "test_helper"

class BadgeTest < ActiveSupport::TestCase
  test "an unknown message is not 0" do
    badge = Badge.new(nil)
    assert_equal "unknown", badge.message
    assert badge.as_json[:isError]
    assert_equal "lightgrey", badge.color
  end

  test "invented figures are labelled" do
    assert_equal "downloads (stand-in)", Badge.new("5", stand_in: true).label
  end

  test "a label is escaped in every style" do
    Badge::STYLES.each do |style|
      svg = Badge.new("5", label: %(</text><script>alert("1")</script>&)).to_svg(style)
      document = Nokogiri::XML(svg, &:strict)
      assert_empty document.css("script")
      assert_match(/<script>/i, document.css("text").first.text)
    end
  end

  test "a label and a message are cut" do
    badge = Badge.new("v" * 5_000, label: "x" * 5_000)
    assert_equal [ Badge::MAX_LABEL_LENGTH ] * 2, [ badge.label.length, badge.message.length ]
  end

  test "the styles differ in height, corners and capitals" do
    shapes = Badge::STYLES.map do |style|
      svg = Nokogiri::XML(Badge.new("14.4K/week").to_svg(style), &:strict)
      [ svg.root["height"], svg.at_css("clipPath rect")["rx"], svg.css("text:not([aria-hidden])").map(&:text) ]
    end
    assert_equal [ [ "20", "3", %w[downloads 14.4K/week] ], [ "20", "0", %w[downloads 14.4K/week] ], [ "28", "0", %w[DOWNLOADS 14.4K/WEEK] ] ], shapes
  end

  test "a text fits its half of the badge, whatever its characters" do
    [ "iiii", "WWWW", "14.4K/month", "日本語" ].product(Badge::STYLES).each do |message, style|
      svg = Nokogiri::XML(Badge.new(message).to_svg(style), &:strict)
      svg.css("text:not([aria-hidden])").zip(svg.css("g rect").first(2)).each do |text, half|
        middle, width, left = text["x"].to_f, text["textLength"].to_f, half["x"].to_f
        assert_operator middle - width / 2, :>=, left + 5, message
        assert_operator middle + width / 2, :<=, left + half["width"].to_f - 5, message
      end
    end
  end

  test "the downloads of a period, short and exact" do
    travel_to Time.utc(2026, 5, 10, 18)
    package = packages(:flagger)
    package.update!(growth_30: 14_360, growth_7: 999_500, growth_1: 5)
    assert_equal [ "250", "14.4K/month", "1M/week", "5/day", "v1.1.0" ], Badge::Message::NAMES.map { |name| Badge::Message.of(package, name) }
    assert_equal "14,360/month", Badge::Message.of(package, "month", exact: true)
    orgs(:fluxcd).update!(total: 4_890_000_000)
    assert_equal [ "4.89B", "4,890,000,000" ], [ false, true ].map { |exact| Badge::Message.of(orgs(:fluxcd), "total", exact:) }
  end

  test "a period that is not known, is over, or lies in the future is no number" do
    package = packages(:flagger)
    package.update!(growth_30: nil, growth_7: -3, growth_1: 5)
    read_at = package.measured_at
    { read_at + 1.hour => [ nil, nil, "5/day" ], read_at + 26.hours + 1 => [ nil, nil, nil ], read_at - 1.day => [ nil, nil, nil ] }.each do |time, messages|
      travel_to(time) { assert_equal messages, %w[month week day].map { |name| Badge::Message.of(package, name) }, time }
    end
    package.update!(growth_30: 0)
    travel_to(read_at) { assert_equal "0/month", Badge::Message.of(package, "month") }
    assert_equal [ nil ] * 4, %w[total month week day].map { |name| Badge::Message.of(orgs(:unread), name) }
  end

  test "the version is the highest release, otherwise the newest version's first tag" do
    package = packages(:flagger)
    { [ %w[latest main], %w[v1.9.0], %w[v1.10.0 stable], %w[v2.0.0-rc.1] ] => "v1.10.0", [ %w[latest], %w[nightly] ] => "latest", [] => nil,
      [ %w[1.2], %w[1.2.1] ] => "1.2.1", [ [], %w[v1] ] => nil }.each do |tags, name|
      package.versions.delete_all
      tags.each_with_index { |of_version, position| package.versions.create!(github_id: position, tags: of_version, position:, total: 1, measured_at: Time.current) }
      name.nil? ? assert_nil(Badge::Message.of(package, "version")) : assert_equal(name, Badge::Message.of(package, "version"))
    end
    package.versions.create!(github_id: 99, tags: %w[v9.0.0], position: 9, total: 1, measured_at: Time.current, vanished_at: Time.current)
    assert_nil Badge::Message.of(package, "version")
  end
end

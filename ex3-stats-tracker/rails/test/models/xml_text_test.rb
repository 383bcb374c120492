require "test_helper"

class XmlTextTest < ActiveSupport::TestCase
  test "a formatted number is text" do
    assert_equal %w[350 1,350], [ 350, 1_350 ].map { |number| XmlText.clean(number.to_fs(:delimited)) }
  end

  # The characters at the ends of the ranges that XML 1.0 allows or forbids.
  CHARACTERS = [ *0..0xA0, 0xD7FF, *0xFDD0..0xFDEF, *0xE000..0xE002, *0xFFF0..0xFFFF, *0x10000..0x10002, 0x1FFFE, 0x1FFFF, 0x10FFFE, 0x10FFFF ].freeze

  test "forbidden characters are replaced, and no others" do
    CHARACTERS.each do |code|
      character = [ code ].pack("U")
      allowed = begin
        Nokogiri::XML("<a>#{ERB::Util.html_escape(character)}</a>", &:strict) && true
      rescue Nokogiri::XML::SyntaxError
        false
      end
      assert_equal allowed ? character : "\u{FFFD}", XmlText.clean(character), "U+#{code.to_s(16)}"
    end
    assert_equal [ "", "a\u{FFFD}b" ], [ XmlText.clean(nil), XmlText.clean("a\xFFb") ]
  end

  test "a badge is well-formed, whatever its label" do
    CHARACTERS.each do |code|
      label = "a#{[ code ].pack("U")}b"
      texts = Nokogiri::XML(Badge.new(5, label:).to_svg, &:strict).css("text:not([aria-hidden])").map(&:text)
      assert_equal [ 2, "5" ], [ texts.size, texts.last ], "U+#{code.to_s(16)}"
    end
  end
end

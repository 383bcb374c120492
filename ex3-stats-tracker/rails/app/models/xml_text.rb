# Text without the characters that XML 1.0 forbids. Escaping is not enough: these are not allowed even as a character
# reference.
module XmlText
  FORBIDDEN = /[^\u{9}\u{A}\u{D}\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/

  # The text with U+FFFD for each forbidden character and for each byte that is not valid UTF-8.
  def self.clean(text)
    # Formatted numbers are US-ASCII, which can't be scrubbed with U+FFFD.
    String.new(text.to_s, encoding: Encoding::UTF_8).scrub("\u{FFFD}").gsub(FORBIDDEN, "\u{FFFD}")
  end
end

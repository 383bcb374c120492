# Text without the characters that XML 1.0 forbids. Escaping is not enough: these are not allowed even as a character
# reference.
module XmlText
  FORBIDDEN = /[^\u{9}\u{A}\u{D}\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/

  # The text with U+FFFD for each forbidden character and for each byte that is not valid UTF-8.
  def self.clean(text)
    text.to_s.scrub("\u{FFFD}").gsub(FORBIDDEN, "\u{FFFD}")
  end
end

# Text as XML 1.0 can hold it. Escaping is not enough: some characters may not stand in a document at all, not even as
# a reference.
module XmlText
  FORBIDDEN = /[^\u{9}\u{A}\u{D}\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/

  # The text with U+FFFD for each character that XML forbids, and for each byte that is no UTF-8.
  def self.clean(text)
    text.to_s.scrub("\u{FFFD}").gsub(FORBIDDEN, "\u{FFFD}")
  end
end

# The width of a text in Verdana, in pixels. Pictures are laid out without a font: most other sans-serif fonts are narrower.
module TextWidth
  # The widths of the characters from the space on, in thousandths of the font's size.
  WIDTHS = [
    352, 394, 459, 818, 636, 1076, 727, 269, 454, 454, 636, 818, 364, 454, 364, 454, 636, 636, 636, 636, 636, 636, 636, 636,
    636, 636, 454, 454, 818, 818, 818, 545, 1000, 684, 686, 698, 771, 632, 575, 775, 751, 421, 455, 693, 557, 843, 748, 787,
    603, 787, 695, 684, 616, 732, 684, 989, 685, 615, 685, 454, 454, 454, 818, 636, 636, 601, 623, 521, 623, 596, 352, 623,
    633, 274, 344, 592, 274, 973, 633, 607, 623, 623, 427, 521, 394, 633, 592, 818, 592, 592, 525, 635, 454, 635, 818
  ].freeze

  # Any other character counts as this wide.
  WIDEST = 1000

  # Bold digits and capitals are wider by so much.
  BOLD = 1.12

  def self.of(text, size, bold: false)
    text.each_char.sum { |character| (character.ascii_only? && character >= " " && WIDTHS[character.ord - 32]) || WIDEST } *
      size / 1000.0 * (bold ? BOLD : 1)
  end
end

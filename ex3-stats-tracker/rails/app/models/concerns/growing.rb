# Something with a total, and with how much that grew over some numbers of days.
module Growing
  extend ActiveSupport::Concern

  SPANS = [ 1, 7, 30, 365 ].freeze

  # How far from the beginning or the end of so many days a total may have been read to stand for that time.
  NEAR = { 1 => 12.hours, 7 => 1.day, 30 => 2.days, 365 => 7.days }.freeze

  # By how much the total grew over so many days before it was last read; nil where nothing was read back then, and
  # where the organisation was read later without this package.
  def growth(days)
    public_send(:"growth_#{days}")
  end

  def growths
    SPANS.index_with { |days| growth(days) }
  end
end

# A record with a total and with its growth over 1, 7, 30 and 365 days.
module Growing
  extend ActiveSupport::Concern

  SPANS = [ 1, 7, 30, 365 ].freeze

  # A total counts as that of the beginning or the end of a span if it was read at most this far from it.
  NEAR = { 1 => 12.hours, 7 => 1.day, 30 => 2.days, 365 => 7.days }.freeze

  # By how much the total grew over so many days before it was last read. nil where nothing was read at the beginning of
  # those days, and where the organisation was read later without this package.
  def growth(days)
    public_send(:"growth_#{days}")
  end

  def growths
    SPANS.index_with { |days| growth(days) }
  end
end

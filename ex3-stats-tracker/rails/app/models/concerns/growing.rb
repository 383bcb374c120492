# Something with a total, and with how much that grew over some numbers of days.
module Growing
  extend ActiveSupport::Concern

  SPANS = [ 1, 7, 30, 365 ].freeze

  # By how much the total grew over so many days before it was last read; nil where nothing was read back then.
  def growth(days)
    public_send(:"growth_#{days}")
  end

  def growths
    SPANS.index_with { |days| growth(days) }
  end
end

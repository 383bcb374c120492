# How much an organisation grew: what its packages grew, each from one stored total to another, and what that leaves out.
#
# A package that appeared in the period is counted from 0 on as far as GitHub's daily downloads tell that they were
# made in the period; what it had beyond that when it was first read is left out, and named.
module Org::Growth
  extend ActiveSupport::Concern

  # Why a package's growth, or a part of it, is not in the organisation's: it was not read at the end of the period; not
  # at its beginning; it appeared with downloads of before; it is gone.
  REASONS = %w[unread unread_then appeared gone].freeze

  # A package's total and growth, and how much of it was there before the period.
  Counted = Data.define(:total, :growth) do
    def before = total - growth
  end

  # What the growth over so many days leaves out: how many packages by reason, and as "appeared_total" and "gone_total"
  # how many downloads those had. "before" is what the packages that are counted had at its beginning.
  def left_out(days)
    growth_left_out&.dig(days.to_s) || {}
  end

  # How many packages' growth is not, or not wholly, in the organisation's; nil where that is not known.
  def packages_left_out(days)
    left_out(days).values_at(*REASONS).sum(&:to_i) unless growth(days).nil?
  end

  private
    # The columns that say how much it grew until that time, which is when it was last read.
    def growths_until(at)
      end_growths at
      firsts = first_days
      listed = packages.listed.to_a
      told = Growing::SPANS.index_with { |span| at && firsts.any? && growth_over(span, at, listed, firsts) }
      { growth_left_out: told.filter_map { |span, (sum, left_out)| [ span.to_s, left_out ] if sum }.to_h,
        **told.to_h { |span, (sum, _)| [ :"growth_#{span}", sum || nil ] } }
    end

    # A package that was not read when the others were has not grown by what it grew then.
    def end_growths(at)
      return unless at

      Growing::NEAR.each do |span, near|
        column = :"growth_#{span}"
        packages.where(measured_at: ...(at - near)).where.not(column => nil).update_all(column => nil, updated_at: Time.current)
      end
    end

    # The sum, and what it leaves out; nil where no package was read at the beginning.
    def growth_over(span, at, listed, firsts)
      beginning = at - span.days
      # Nothing appears on the day on which tracking begins.
      base = [ beginning.to_date, firsts.values.min ].max
      read, unread = listed.partition { |package| package.total && package.measured_at >= at - Growing::NEAR[span] }
      appeared, older = read.partition { |package| firsts[package.id]&.after?(base) }
      known, unread_then = older.partition { |package| package.growth(span) }
      return if known.empty?

      counted = known.map { |package| Counted.new(package.total, package.growth(span)) }
      new = appeared.map { |package| Counted.new(package.total, package.total - had_before(package, base)) }
      gone = packages.vanished.where(vanished_at: beginning..).pluck(:total)
      sum = within_64_bits((counted + new).map(&:growth)) or return
      [ sum, {
        "before" => (counted + new).sum(&:before), "unread" => unread.size, "unread_then" => unread_then.size,
        "appeared" => new.count { |package| package.before.positive? }, "appeared_total" => new.sum(&:before),
        "gone" => gone.size, "gone_total" => gone.compact.sum
      }.reject { |name, count| count.zero? && name != "before" } ]
    end

    # What a package had at the end of a day before it was first read, as far as its daily downloads tell: all of its
    # first total that they do not.
    def had_before(package, date)
      first = package.measurements.order(:at).first or return package.total
      counted = package.daily_downloads.where(date: date.next_day...first.at.to_date).sum(:count) + first.day_count.to_i
      [ first.total - counted, 0 ].max
    end

    # The day on which each package was first read, by its id; of packages that are gone, too.
    def first_days
      packages.pluck(:id, Arel.sql(<<~SQL.squish)).filter_map { |id, date| [ id, date.to_date ] if date }.to_h
        (SELECT date FROM package_days WHERE package_id = packages.id AND total IS NOT NULL ORDER BY date LIMIT 1)
      SQL
    end
end

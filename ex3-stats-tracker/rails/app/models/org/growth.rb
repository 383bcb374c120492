# An organisation's growth: the sum of its packages' growth, each from one stored total to another, and a record of what
# this sum leaves out.
#
# Of a package that appeared in the period, those downloads count that GitHub's daily downloads show to be of the period.
# The rest of its first total is left out, and reported.
module Org::Growth
  extend ActiveSupport::Concern

  # Why the sum leaves out a package's growth or a part of it. unread: not read at the end of the period. resting: neither,
  # because its total stood still, see Pace. unread_then: not read at its beginning. appeared: it had downloads before it was first read. gone: it has vanished.
  REASONS = %w[unread resting unread_then appeared gone].freeze

  # A package's total, its growth, and its total at the beginning of the period.
  Counted = Data.define(:total, :growth) do
    def before = total - growth
  end

  # What the growth over so many days leaves out: the number of packages by reason, and their downloads as
  # "appeared_total" and "gone_total". "before" is the counted packages' total at the beginning.
  def left_out(days)
    growth_left_out&.dig(days.to_s) || {}
  end

  # The number of packages whose growth the sum leaves out, wholly or in part; nil where the growth is unknown.
  def packages_left_out(days)
    left_out(days).values_at(*REASONS).sum(&:to_i) unless growth(days).nil?
  end

  private
    # The columns for the growth until +at+, the time of the last reading.
    def growths_until(at)
      clear_outdated_growths at
      firsts = first_days
      listed = packages.listed.to_a
      by_span = Growing::SPANS.index_with { |span| at && firsts.any? && growth_over(span, at, listed, firsts) }
      { growth_left_out: by_span.filter_map { |span, (sum, left_out)| [ span.to_s, left_out ] if sum }.to_h,
        **by_span.to_h { |span, (sum, _)| [ :"growth_#{span}", sum || nil ] } }
    end

    # The stored growth of a package that was not read lately is that of an earlier period.
    def clear_outdated_growths(at)
      return unless at

      Growing::NEAR.each do |span, near|
        column = :"growth_#{span}"
        packages.where(measured_at: ...(at - near)).where.not(column => nil).update_all(column => nil, updated_at: Time.current)
      end
    end

    # The sum and what it leaves out; nil where no package was read at the beginning of the period.
    def growth_over(span, at, listed, firsts)
      beginning = at - span.days
      # On the first day of tracking every package is new to the tracker, but not to GitHub.
      base = [ beginning.to_date, firsts.values.min ].max
      read, unread = listed.partition { |package| package.total && package.measured_at >= at - Growing::NEAR[span] }
      resting, unread = unread.partition { |package| package.resting?(at) }
      appeared, older = read.partition { |package| firsts[package.id]&.after?(base) }
      known, unread_then = older.partition { |package| package.growth(span) }
      return if known.empty?

      counted = known.map { |package| Counted.new(package.total, package.growth(span)) }
      new = appeared.map { |package| Counted.new(package.total, package.total - downloads_before(package, base)) }
      gone = packages.vanished.where(vanished_at: beginning..).pluck(:total)
      sum = within_64_bits((counted + new).map(&:growth)) or return
      [ sum, {
        "before" => (counted + new).sum(&:before), "unread" => unread.size, "resting" => resting.size, "unread_then" => unread_then.size,
        "appeared" => new.count { |package| package.before.positive? }, "appeared_total" => new.sum(&:before),
        "gone" => gone.size, "gone_total" => gone.compact.sum
      }.reject { |name, count| count.zero? && name != "before" } ]
    end

    # The package's total at the end of +date+, a day before its first reading: the first total without the daily
    # downloads since then.
    def downloads_before(package, date)
      first = package.measurements.order(:at).first or return package.total
      counted = package.daily_downloads.where(date: date.next_day...first.at.to_date).sum(:count) + first.day_count.to_i
      [ first.total - counted, 0 ].max
    end

    # The day of each package's first reading by its id, also of vanished packages. An imported total is no reading.
    def first_days
      packages.pluck(:id, Arel.sql(<<~SQL.squish)).filter_map { |id, date| [ id, date.to_date ] if date }.to_h
        (SELECT date FROM package_days WHERE package_id = packages.id AND total IS NOT NULL AND NOT imported ORDER BY date LIMIT 1)
      SQL
    end
end

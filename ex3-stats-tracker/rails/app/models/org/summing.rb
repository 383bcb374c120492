# The sum of an organisation's packages, now and at each day's end.
module Org::Summing
  extend ActiveSupport::Concern

  # Brings the sums up to date from what is stored about the packages, for the days from +first+ to +last+.
  def add_up(first, last)
    transaction do
      packages.take_back
      (first..last).each { |date| add_up_day(date) }
      sum, at = within_64_bits(packages.listed.where.not(total: nil).pluck(:total)), packages.maximum(:measured_at)
      Milestone.passed(org_id: id, from: total, to: sum, at:)
      # Changed in any case, as the days are: what is kept of them is out of date.
      update!(total: sum, measured_at: at, updated_at: Time.current, **growths_until(at))
    end
  end

  private
    # A package that could not be read on a day counts with what it had before, and as stale. One that had vanished by
    # then does not count.
    def add_up_day(date)
      of_day = packages.where(vanished_at: nil).or(packages.where(vanished_at: date.next_day.beginning_of_day..))
      totals = of_day.pluck(Arel.sql(<<~SQL.squish)).compact
        (SELECT total FROM package_days WHERE package_id = packages.id AND date <= #{self.class.connection.quote(date)}
         AND total IS NOT NULL ORDER BY date DESC LIMIT 1)
      SQL
      rows = Package::Day.where(package: packages, date:)
      read = rows.where.not(total: nil).where(package: of_day).count
      failures = rows.where(failures: 1..)
      lists = self.failures.where(package_id: nil, at: date.all_day)
      kind = lists.order(:at).last&.kind || failures.group(:failure_kind).count.max_by(&:last)&.first
      Org::Day.upsert({ org_id: id, date:, total: within_64_bits(totals), packages_read: read,
        packages_stale: totals.size - read, failures: failures.sum(:failures) + lists.count, failure_kind: kind },
        unique_by: %i[org_id date])
    end

    # Nothing read is not 0, and a sum that does not fit is not known.
    def within_64_bits(numbers)
      sum = numbers.sum
      sum if numbers.any? && sum.between?(-Component::Contract::LARGEST_COUNT, Component::Contract::LARGEST_COUNT)
    end
end

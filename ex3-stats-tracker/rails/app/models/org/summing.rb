# The sum of the totals of an organisation's packages, now and at the end of each day.
module Org::Summing
  extend ActiveSupport::Concern

  # Recomputes the sums from the stored totals, for the days from +first+ to +last+ and for now.
  def update_sums(first, last)
    transaction do
      packages.discard_future_totals
      (first..last).each { |date| update_day_sum(date) }
      sum, at = within_64_bits(packages.listed.where.not(total: nil).pluck(:total)), packages.maximum(:measured_at)
      Milestone.record(org_id: id, from: total, to: sum, at:)
      # updated_at changes in any case: cached charts of the days are out of date.
      update!(total: sum, measured_at: at, updated_at: Time.current, **growths_until(at))
    end
  end

  # Recomputes the sums of these days, after their packages' totals were imported.
  def update_day_sums(dates)
    transaction do
      dates.each { |date| update_day_sum(date) }
      update!(updated_at: Time.current)
    end
  end

  private
    # A package that could not be read on a day counts with its earlier total, and as stale; an imported total counts as
    # neither. A package that had vanished by then does not count.
    def update_day_sum(date)
      of_day = packages.where(vanished_at: nil).or(packages.where(vanished_at: date.next_day.beginning_of_day..))
      totals = of_day.pluck(Arel.sql(<<~SQL.squish)).compact
        (SELECT total FROM package_days WHERE package_id = packages.id AND date <= #{self.class.lease_connection.quote(date)}
         AND total IS NOT NULL ORDER BY date DESC LIMIT 1)
      SQL
      rows = Package::Day.where(package: packages, date:)
      known = rows.where.not(total: nil).where(package: of_day).group(:imported).count
      read, imported = known.fetch(false, 0), known.fetch(true, 0)
      failures = rows.where(failures: 1..)
      lists = self.failures.where(package_id: nil, at: date.all_day)
      kind = lists.order(:at).last&.kind || failures.group(:failure_kind).count.max_by(&:last)&.first
      Org::Day.upsert({ org_id: id, date:, total: within_64_bits(totals), packages_read: read,
        packages_imported: imported, packages_stale: totals.size - read - imported, failures: failures.sum(:failures) + lists.count, failure_kind: kind },
        unique_by: %i[org_id date])
    end

    # nil where there is nothing to add up, which is not 0, and where the sum does not fit the column.
    def within_64_bits(numbers)
      sum = numbers.sum
      sum if numbers.any? && sum.between?(-Component::Contract::MAX_COUNT, Component::Contract::MAX_COUNT)
    end
end

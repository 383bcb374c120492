# The sums of the totals of lists of versions, on the days of a range on which the package's list of versions was read.
class VersionDownloads::Sums
  # A list's sums on the range's days.
  #
  # totals: nil where the list was not read, and where the sum does not fit the database's integers. falls: how many totals
  # fell until each day; a difference over such a day is unknown.
  Column = Data.define(:totals, :falls) do
    def +(other)
      sums = totals.zip(other.totals).map { |one, another| one + another if one && another }
      with(totals: sums.map { |sum| sum if sum && sum <= Component::Contract::MAX_COUNT }, falls: falls.zip(other.falls).map(&:sum))
    end

    # The difference between two days, by their indexes; nil where it is unknown.
    def change(from, to)
      totals[to] - totals[from] if totals[from] && totals[to] && falls[from] == falls[to]
    end
  end

  # +read_days+: the days on which the list was read.
  def initialize(package, range:, read_days:)
    @package, @range, @read = package, range, read_days.to_set
  end

  # A Column for each list of versions' ids, and one for all other versions.
  def of(lists)
    changes = Hash.new { |groups, group| groups[group] = {} }
    connection = Version::Day.lease_connection
    connection.select_rows(<<~SQL.squish, "Version::Day Groups").each { |group, date, *parts| changes[group.to_i][date.to_date] = parts.map(&:to_i) }
      SELECT member, date, SUM(change / #{Downloads::PART}), SUM(change % #{Downloads::PART}), SUM(CASE WHEN change < 0 THEN 1 ELSE 0 END) FROM (
        SELECT #{member_of(lists)} AS member, date, total - COALESCE(LAG(total) OVER (PARTITION BY version_id ORDER BY date), 0) AS change
        FROM version_days WHERE version_id IN (SELECT id FROM versions WHERE package_id = #{@package.id}) AND date <= #{connection.quote(@range.end)}
      ) AS changes GROUP BY member, date ORDER BY date
    SQL
    [ *lists.each_index, lists.size ].map { |group| column(changes[group]) }
  end

  private
    # SQL that gives the index of the list that a version is in.
    def member_of(lists)
      cases = lists.each_with_index.filter_map { |ids, index| "WHEN version_id IN (#{ids.join(", ")}) THEN #{index}" if ids.any? }
      cases.any? ? "CASE #{cases.join(" ")} ELSE #{lists.size} END" : lists.size.to_s
    end

    # The sums of the changes until each day.
    def column(changes)
      dates = changes.keys
      high = low = falls = next_change = 0
      totals, fallen = [], []
      @range.each do |date|
        while next_change < dates.size && dates[next_change] <= date
          high, low, falls = [ high, low, falls ].zip(changes[dates[next_change]]).map(&:sum)
          next_change += 1
        end
        totals << (Downloads.joined(high, low) if @read.include?(date))
        fallen << falls
      end
      Column.new(totals:, falls: fallen)
    end
end

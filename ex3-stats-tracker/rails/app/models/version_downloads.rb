# How often a package's versions were downloaded between two readings of its list of versions.
#
# A version's total is stored on the days on which it changed (version_days), and package_days says on which days the list
# was read. Only differences between totals of such days are known.
class VersionDownloads
  # A version's figures.
  #
  # recent: its downloads since +since+. growth: its downloads over 7 and 30 days, by these numbers. nil where the list was
  # not read at the beginning. first_seen: nil for a version of the package's first list, which was there before.
  # last_pulled: the day of the reading at which its total had grown for the last time; nil where it never has since the
  # first list.
  Row = Data.define(:id, :tags, :position, :total, :first_seen, :last_pulled, :vanished_at, :recent, :growth) do
    def kind = tags.kind
  end

  SPANS = [ 7, 30 ].freeze

  # The columns by which rows can be sorted; unknown values come last.
  SORTS = {
    "week" => ->(row) { row.growth[7] }, "month" => ->(row) { row.growth[30] }, "range" => :recent.to_proc,
    "total" => :total.to_proc, "seen" => ->(row) { row.first_seen&.jd }, "pulled" => ->(row) { row.last_pulled&.jd },
    "newest" => ->(row) { -row.position }
  }.freeze

  attr_reader :package

  # +range+: the days shown. Its downloads are those since the list that was read nearest to its beginning.
  def initialize(package, range:)
    @package, @range = package, range
  end

  # The days on which the list was read. They may be thousands.
  def read_days
    @read_days ||= lists.order(:date).pluck(:date)
  end

  # The day of the last list; nil where none was read.
  def through
    ends.last
  end

  # The day of the list from which the range's downloads are counted; nil where there are no two lists.
  def since
    nearest.first if ends.uniq.many?
  end

  def rows
    @rows ||= through ? read_rows : []
  end

  # Sorted by one of SORTS.
  def sorted(sort, direction = "desc")
    known, unknown = rows.partition { |row| SORTS.fetch(sort).call(row) }
    known = known.sort_by { |row| [ SORTS.fetch(sort).call(row), -row.position ] }
    known.reverse! if direction == "desc"
    known + unknown.sort_by(&:position)
  end

  # The downloads of all versions since +since+; nil where one of them is unknown.
  def recent
    rows.sum(&:recent) if rows.any? && rows.all?(&:recent)
  end

  # The version with the most downloads over seven days; nil where none is known.
  def most_pulled
    rows.select { |row| row.growth[7]&.positive? && !row.tags.attached? }.max_by { |row| [ row.growth[7], -row.position ] }
  end

  # The release that was first seen last; nil where none was seen since the first list.
  def newest_release
    rows.select { |row| row.first_seen && row.kind == :release && row.vanished_at.nil? }.max_by { |row| [ row.first_seen, -row.position ] }
  end

  # The downloads over seven days of all versions; nil where one of them is unknown.
  def week
    growths = rows.map { |row| row.growth[7] }
    growths.sum if growths.any? && growths.all?
  end

  # The groups with the most downloads in the range, and all others together, with their totals on the days of the range
  # on which the list was read. The newest comes first.
  def grouped(by, most:)
    members = rows.group_by { |row| row.tags.group(by) }
    shown = members.keys.sort_by { |name| [ -rank(members[name]), members[name].map(&:position).min ] }.first(most)
    # A release of the last days has few downloads in the range, and is the one to look for.
    shown |= [ newest_release.tags.group(by) ] if newest_release
    shown = shown.sort_by { |name| members[name].map(&:position).min }
    totals = Sums.new(@package, range: @range, read_days:).of(shown.map { |name| members[name].map(&:id) }).map(&:totals)
    names = [ *shown, *([ nil ] if members.size > shown.size) ]
    { group: by, since: since&.iso8601, groups: names.zip(totals).map { |name, column| { name: name || "others", others: name.nil?, totals: column } } }
  end

  private
    def lists
      @package.days.where(versions_read: true, date: ..[ @range.end, Date.current ].min)
    end

    # The days of the first and of the last list.
    def ends
      @ends ||= days_of(lists.select("MIN(date)"), lists.select("MAX(date)"))
    end

    # The days before the range, and at the beginnings of SPANS.
    def wanted
      [ @range.begin.prev_day, *SPANS.map { |span| through - span } ]
    end

    # For each wanted day the nearest one on which the list was read.
    def nearest
      @nearest ||= wanted.zip(days_of(*wanted.flat_map { |date|
        [ lists.where(date: ..date).select("MAX(date)"), lists.where(date: date..).select("MIN(date)") ]
      }).each_slice(2)).map { |date, around| around.compact.min_by { |day| [ (day - date).abs, day ] } }
    end

    # The days that these queries find, by one statement.
    def days_of(*queries)
      columns = queries.map { |query| "(#{query.to_sql})" }.join(", ")
      Package::Day.lease_connection.select_rows("SELECT #{columns}", "Package::Day Ends").first.map { |day| day&.to_date }
    end

    def starts
      @starts ||= { range: since, **SPANS.zip(wanted.drop(1), nearest.drop(1)).to_h { |span, date, day|
        [ span, (day if (day - date).abs <= Growing::NEAR[span].in_days) ]
      } }.transform_values { |day| day unless day == through }
    end

    def read_rows
      days = starts.values.compact.uniq
      stored = @package.versions.order(:position, :id).pluck(:id, :tags, :position, :total, :created_at, :vanished_at,
        Arel.sql("(SELECT MAX(date) FROM version_days WHERE version_id = versions.id)"), *days.map { |day| Arel.sql(total_on(day)) })
      first_list = stored.map(&:fifth).min
      stored.map do |id, tags, position, total, created_at, vanished_at, changed, *befores|
        first_seen = created_at.to_date if created_at.after?(first_list)
        changed = changed&.to_date
        befores = days.zip(befores).to_h
        Row.new(id:, tags: Version::Tags.new(tags), position:, total:, first_seen:, vanished_at:,
          last_pulled: (changed if changed && total.positive? && (first_seen || changed > first_list.to_date)),
          recent: growth_since(starts[:range], total, befores, first_seen),
          growth: SPANS.index_with { |span| growth_since(starts[span], total, befores, first_seen) })
      end
    end

    # A version that was first seen later had no downloads before.
    def growth_since(day, total, befores, first_seen)
      before = befores[day] || (0 if day && first_seen&.after?(day))
      total - before if before
    end

    # The version's total on a day, which is that of the last change.
    def total_on(day)
      "(SELECT total FROM version_days WHERE version_id = versions.id AND date <= #{Version::Day.lease_connection.quote(day)} ORDER BY date DESC LIMIT 1)"
    end

    # An unknown number does not make a group one of the first.
    def rank(rows)
      rows.sum { |row| since ? row.recent.to_i : row.total }
    end
end

# How fast people move to a release: what was downloaded of each release and of all versions, by days since the release was
# first seen.
#
# A figure of a day is a difference of two stored totals: that of the day, on which the list of versions was read, and that
# of the last list at least WINDOW days before it, but of none before the release was first seen. So the first list that has
# the release has no figure, and neither has a day on which no list was read, or whose window is longer than MAX_WINDOW, or
# has a total that fell.
#
# All versions are the tagged ones without signatures and attestations, which people do not move to. Pre-releases are no
# releases here, but are among all versions. A release of the package's first list was there before: the day is not known,
# and it is left out, and so is a group with such a release.
class Adoption
  # In days. A week has each weekday once.
  WINDOW = 7
  # A mean over more days is not that of its last day.
  MAX_WINDOW = 30
  # A release is old after half a year.
  MAX_DAYS = 180
  MAX_RELEASES = 8

  # A release, or a group of them. The columns have a figure, or nil, for each day since it was first seen, which is day 0.
  #
  # windows: the days between the two totals. downloads: of the release in them. all: of all versions.
  Curve = Data.define(:name, :first_seen, :windows, :downloads, :all) do
    # In percent; nil also where nothing was downloaded.
    def shares
      downloads.zip(all).map { |part, whole| (part * 100.0 / whole).round(2) if whole&.positive? }
    end

    # The first day whose figure says that the release has half of all downloads; nil where none does.
    def half_after
      shares.index { |share| share && share >= 50 }
    end

    def days
      downloads.size
    end
  end

  attr_reader :group

  # +versions+: the package's VersionDownloads until today. +group+: one of Version::Tags::GROUPS. +most+: the newest ones.
  def initialize(versions, group: Version::Tags::GROUPS.first, most: MAX_RELEASES)
    @versions, @group, @most = versions, group, most
  end

  # The newest comes first.
  def curves
    @curves ||= releases.empty? ? [] : releases.zip(columns).map { |(name, members), column| curve(name, first_seen(members), column) }
  end

  def as_json(*)
    package = @versions.package
    { org: package.org.name, package: package.name, source: package.org.source, group:, window: WINDOW,
      releases: curves.map { |curve| { **curve.to_h, first_seen: curve.first_seen.iso8601, shares: curve.shares } } }
  end

  # One row for each release and day.
  def to_csv
    document = as_json
    envelope = document.slice(:org, :package, :source, :group)
    rows = document[:releases].flat_map do |release|
      columns = release.values_at(:windows, :downloads, :all, :shares)
      columns.transpose.each_with_index.map { |figures, day| [ *envelope.values, release[:name], release[:first_seen], day, *figures ] }
    end
    Spreadsheet.csv([ *envelope.keys, :release, :first_seen, :day, :window, :downloads, :all, :share ], rows)
  end

  private
    # The newest releases or groups of which the first sight is known: their rows by name.
    def releases
      @releases ||= @versions.rows.select { |row| row.kind == :release }.group_by { |row| row.tags.group(group) }
        .select { |_, rows| rows.all?(&:first_seen) }
        .sort_by { |_, rows| [ first_seen(rows), -rows.map(&:position).min ] }.reverse.first(@most)
    end

    def first_seen(rows)
      rows.map(&:first_seen).min
    end

    def dates
      @dates ||= releases.map { |_, rows| first_seen(rows) }.min..Date.current
    end

    # The Column of each release; @all is that of all versions.
    def columns
      *of_releases, _attached, others = VersionDownloads::Sums.new(@versions.package, range: dates, read_days:)
        .of([ *releases.map { |_, rows| rows.map(&:id) }, @versions.rows.select { |row| row.tags.attached? }.map(&:id) ])
      @all = [ *of_releases, others ].reduce(:+)
      of_releases
    end

    def curve(name, first_seen, column)
      figures = (first_seen..[ Date.current, first_seen + MAX_DAYS ].min).map { |day| figure(column, first_seen, day) }
      windows, downloads, all = figures.transpose
      Curve.new(name:, first_seen:, windows:, downloads:, all:)
    end

    # The days of the window, and the downloads of the release and of all versions in it; each is nil where one is unknown.
    def figure(column, first_seen, day)
      from = window_begin(first_seen, day)
      return [ nil ] * 3 unless from && day - from <= MAX_WINDOW

      downloads, all = [ column, @all ].map { |one| one.change((from - dates.begin).to_i, (day - dates.begin).to_i) }
      downloads && all ? [ (day - from).to_i, downloads, all ] : [ nil ] * 3
    end

    # The day of the list from which a day's figures count; nil where the day has no list, or the first one with the release.
    def window_begin(first_seen, day)
      at = read_days.bsearch_index { |one| one >= day }
      first = read_days.bsearch { |one| one >= first_seen }
      return unless at && read_days[at] == day && first < day

      before = read_days.bsearch_index { |one| one > day - WINDOW } - 1
      before.negative? ? first : [ read_days[before], first ].max
    end

    def read_days
      @versions.read_days
    end
end

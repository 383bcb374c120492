require "test_helper"

class VersionDownloadsTest < ActiveSupport::TestCase
  # Totals at the noon of days of May 2026. v1.0.0, v1.0.1 and the signature are of the first list; v1.1.0 was first seen on
  # the 8th, a pre-release on the 9th.
  SIGNATURE = "sha256-#{"ab" * 32}.sig"
  LISTS = {
    1 => { "v1.0.0" => 1_000, "v1.0.1" => 100, SIGNATURE => 5 },
    3 => { "v1.0.0" => 1_010, "v1.0.1" => 120, SIGNATURE => 5 },
    8 => { "v1.0.0" => 1_020, "v1.0.1" => 220, SIGNATURE => 6, "v1.1.0" => 30 },
    9 => { "v1.0.0" => 1_020, "v1.0.1" => 240, SIGNATURE => 6, "v1.1.0" => 90, "v2.0.0-rc.1" => 2 },
    10 => { "v1.0.0" => 1_020, "v1.0.1" => 250, SIGNATURE => 6, "v1.1.0" => 190, "v2.0.0-rc.1" => 3 }
  }.freeze
  IDS = { "v1.0.0" => 1, "v1.0.1" => 2, SIGNATURE => 3, "v1.1.0" => 4, "v2.0.0-rc.1" => 5 }.freeze

  setup do
    travel_to Time.utc(2026, 5, 10, 13)
    @org = Org.create!(name: "versions", source: "github.com")
    @package = @org.packages.create!(name: "one", listed_at: Time.current)
    LISTS.each do |day, totals|
      list = totals.reverse_each.map { |tag, total| Component::Contract::TaggedVersion.new(id: IDS[tag], tags: [ tag ], total:) }
      Package.record_versions [ [ @package, list, Time.utc(2026, 5, day, 12) ] ]
    end
  end

  test "the downloads of each version in the range, over 7 and over 30 days" do
    figures = downloads.rows.to_h { |row| [ row.tags.name, [ row.recent, row.growth[7], row.growth[30], row.total ] ] }
    # The range begins on the 4th: the nearest list is that of the 3rd, which is also the one 7 days before the last.
    assert_equal({ "v2.0.0-rc.1" => [ 3, 3, nil, 3 ], "v1.1.0" => [ 190, 190, nil, 190 ], SIGNATURE => [ 1, 1, nil, 6 ],
      "v1.0.1" => [ 130, 130, nil, 250 ], "v1.0.0" => [ 10, 10, nil, 1_020 ] }, figures)
    assert_equal [ Date.new(2026, 5, 3), Date.new(2026, 5, 10), 334, 334 ], [ downloads.since, downloads.through, downloads.recent, downloads.week ]
  end

  test "when a version was first seen and last pulled, where that is known" do
    dates = downloads.rows.to_h { |row| [ row.tags.name, [ row.first_seen&.day, row.last_pulled&.day ] ] }
    assert_equal({ "v2.0.0-rc.1" => [ 9, 10 ], "v1.1.0" => [ 8, 10 ], SIGNATURE => [ nil, 8 ], "v1.0.1" => [ nil, 10 ], "v1.0.0" => [ nil, 8 ] }, dates)
  end

  test "the newest release and the version that is pulled most are known, also with large totals of old ones" do
    assert_equal [ "v1.1.0", "v1.1.0" ], [ downloads.newest_release.tags.name, downloads.most_pulled.tags.name ]
    assert_equal %w[v1.1.0 v1.0.1 v1.0.0], downloads.sorted("week").first(3).map { |row| row.tags.name }
    assert_equal "v1.0.0", downloads.sorted("total").first.tags.name
    assert_equal [ "v2.0.0-rc.1", "v1.0.0" ], [ downloads.sorted("seen").first, downloads.sorted("newest", "asc").first ].map { |row| row.tags.name }
    assert_equal [ nil, nil ], downloads.sorted("seen").last(2).map(&:first_seen), "unknown days come last"
    assert_equal [ nil, nil ], downloads.sorted("seen", "asc").last(2).map(&:first_seen)
  end

  test "groups by version, minor and major, with all others together" do
    grouped = downloads.grouped("minor", most: 1)
    assert_equal [ "minor", "2026-05-03", [ [ "v1.1", false ], [ "others", true ] ] ],
      [ grouped[:group], grouped[:since], grouped[:groups].map { |group| group.values_at(:name, :others) } ]
    # From the 4th: the list was read on the 8th, 9th and 10th.
    assert_equal [ [ nil, nil, nil, nil, 30, 90, 190 ], [ nil, nil, nil, nil, 1_246, 1_268, 1_279 ] ], grouped[:groups].map { |group| group[:totals] }
    assert_equal %w[v2.0 v1.1 signatures v1.0], downloads.grouped("minor", most: 5)[:groups].pluck(:name)
    assert_equal %w[v2 v1 signatures], downloads.grouped("major", most: 5)[:groups].pluck(:name)
    assert_equal [ "v2.0.0-rc.1", "v1.1.0", "signatures", "v1.0.1", "v1.0.0" ], downloads.grouped("version", most: 5)[:groups].pluck(:name)
  end

  test "without a list, or with one, nothing is known of the downloads" do
    package = @org.packages.create!(name: "none", listed_at: Time.current)
    none = VersionDownloads.new(package, range: Date.new(2026, 5, 4)..Date.new(2026, 5, 10))
    assert_equal [ [], nil, nil, nil, nil ], [ none.rows, none.recent, none.week, none.most_pulled, none.newest_release ]
    Package.record_versions [ [ package, [ Component::Contract::TaggedVersion.new(id: 1, tags: [ "v1.0.0" ], total: 5) ], Time.utc(2026, 5, 10, 12) ] ]
    one = VersionDownloads.new(package, range: Date.new(2026, 5, 4)..Date.new(2026, 5, 10)).rows.sole
    assert_equal [ 5, nil, nil, nil, nil ], [ one.total, one.recent, one.growth[7], one.first_seen, one.last_pulled ]
  end

  test "releases are marked on the day on which they were first seen, without those of the first list and pre-releases" do
    dates = Date.new(2026, 5, 1)..Date.new(2026, 5, 10)
    assert_equal [ [ Date.new(2026, 5, 8), "v1.1.0", "one" ] ], Releases.of(@package, dates).map { |seen| [ seen.date, seen.tag, seen.package ] }
    assert_equal [ "v1.1.0" ], Releases.of(@org, dates).map(&:tag)
    assert_empty Releases.of(@org, dates.begin..Date.new(2026, 5, 7))
    assert_equal [ [ 7, "v1.1.0" ] ], Chart::OfPackage.new(@package).as_json[:releases]
    assert_equal [ [ 7, "v1.1.0", "one" ] ], Chart::OfOrg.new(@org).as_json[:releases]
  end

  test "tags that look like releases" do
    { "v1.2.3" => %w[v1.2 v1], "1.2.3" => %w[1.2 1], "2026.11" => %w[2026.11 2026], "v1.2.3+build.5" => %w[v1.2 v1] }
      .each { |tag, groups| assert_equal groups, [ Release.parse(tag).minor, Release.parse(tag).major ], tag }
    assert_equal [ true, false ], %w[v1.2.3-rc.1 v1.2.3].map { |tag| Release.parse(tag).pre? }
    [ "latest", "v1", "main-1.2.3", "1.2.3.4", "sha-abc", "1.2.3 ", "1.2.3\n", "v#{"9" * 20}.1.1" ].each { |tag| assert_nil Release.parse(tag), tag }
    assert_equal "1.2.3", Release.among([ "latest", "1.2", "1.2.3" ]).tag
  end

  test "kinds of versions" do
    digest = "sha256-#{"0" * 64}"
    { [ "v1.0.0" ] => :release, %w[latest v1.0.0-rc.1] => :prerelease, [ "latest" ] => :other, [] => :untagged, [ "#{digest}.sig" ] => :signature,
      [ "#{digest}.att" ] => :attestation, [ "#{digest}.sbom" ] => :sbom, [ digest ] => :attestation, [ "#{digest}.sig", "latest" ] => :other }
      .each { |tags, kind| assert_equal kind, Version::Tags.new(tags).kind, tags.inspect }
  end

  private
    def downloads
      @downloads ||= VersionDownloads.new(@package, range: Date.new(2026, 5, 4)..Date.new(2026, 5, 10))
    end
end

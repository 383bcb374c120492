require "test_helper"

class AdoptionTest < ActiveSupport::TestCase
  # Totals at the noon of days of May 2026. v1.0.0 and the signature are of the first list. v1.1.0 was first seen on the 2nd,
  # a pre-release on the 10th, and v1.2.0 on the 12th.
  SIGNATURE = "sha256-#{"ab" * 32}.sig"
  IDS = { "v1.0.0" => 1, SIGNATURE => 2, "v1.1.0" => 3, "v2.0.0-rc.1" => 4, "v1.2.0" => 5, "v2.0.0" => 6 }.freeze
  LISTS = {
    1 => { "v1.0.0" => 1_000, SIGNATURE => 5 },
    2 => { "v1.0.0" => 1_100, SIGNATURE => 5, "v1.1.0" => 20 },
    3 => { "v1.0.0" => 1_160, SIGNATURE => 9, "v1.1.0" => 60 },
    5 => { "v1.0.0" => 1_180, SIGNATURE => 9, "v1.1.0" => 160 },
    9 => { "v1.0.0" => 1_190, SIGNATURE => 9, "v1.1.0" => 500 },
    10 => { "v1.0.0" => 1_200, SIGNATURE => 99, "v1.1.0" => 590, "v2.0.0-rc.1" => 10 },
    12 => { "v1.0.0" => 1_210, SIGNATURE => 99, "v1.1.0" => 600, "v2.0.0-rc.1" => 20, "v1.2.0" => 50 },
    13 => { "v1.0.0" => 1_220, SIGNATURE => 99, "v1.1.0" => 610, "v2.0.0-rc.1" => 20, "v1.2.0" => 110 }
  }.freeze

  setup do
    travel_to Time.utc(2026, 5, 13, 13)
    @org = Org.create!(name: "adoption", source: "github.com")
    @package = @org.packages.create!(name: "one", listed_at: Time.current)
  end

  test "the downloads of a release and of all versions by days since its first sight" do
    store LISTS
    newer, older = adoption.curves
    assert_equal [ "v1.1.0", Date.new(2026, 5, 2) ], [ older.name, older.first_seen ]
    assert_equal [
      # The 2nd: the first list with it. The 3rd: 60 - 20, and 60 of v1.0.0. No list on the 4th.
      [ nil, nil, nil ], [ 1, 40, 100 ], [ nil, nil, nil ],
      # The 5th, since the 2nd: 160 - 20, and 80 of v1.0.0. No list from the 6th to the 8th.
      [ 3, 140, 220 ], [ nil, nil, nil ], [ nil, nil, nil ], [ nil, nil, nil ],
      # The 9th, since the 2nd: 500 - 20, and 90. The 10th, since the 3rd: 590 - 60, 40, and 10 of the pre-release.
      [ 7, 480, 570 ], [ 7, 530, 580 ], [ nil, nil, nil ],
      # The 12th, since the 5th: 600 - 160, 30, 20 and 50 of v1.2.0. The 13th, also since the 5th: 450, 40, 20 and 110.
      [ 7, 440, 540 ], [ 8, 450, 620 ]
    ], figures(older)
    assert_equal [ nil, 40.0, nil, 63.64, nil, nil, nil, 84.21, 91.38, nil, 81.48, 72.58 ], older.shares
    assert_equal [ "v1.2.0", [ [ nil, nil, nil ], [ 1, 60, 80 ] ], [ nil, 75.0 ] ], [ newer.name, figures(newer), newer.shares ]
    assert_equal [ 3, 1 ], [ older, newer ].map(&:half_after)
  end

  test "groups, without those that were there before the first list" do
    store LISTS
    assert_equal %w[v1.2 v1.1], adoption("minor").curves.map(&:name)
    assert_empty adoption("major").curves
    assert_equal %w[v1.2.0], adoption(most: 1).curves.map(&:name)
    store 14 => LISTS[13].merge("v2.0.0" => 7), 15 => LISTS[13].merge("v2.0.0" => 37, "v1.2.0" => 120)
    travel_to Time.utc(2026, 5, 15, 13)
    major = adoption("major").curves.sole
    assert_equal [ "v2", Date.new(2026, 5, 14), [ [ nil, nil, nil ], [ 1, 30, 40 ] ] ], [ major.name, major.first_seen, figures(major) ]
  end

  test "a group is the sum of its releases since the first of them" do
    store 1 => { "v1.0.0" => 10 }, 2 => { "v1.0.0" => 10, "v1.1.0" => 1 }, 3 => { "v1.0.0" => 20, "v1.1.0" => 5, "v1.2.0" => 2 }
    Version.where(package: @package).find_by!(github_id: IDS["v1.2.0"]).update!(tags: [ "v1.1.1" ])
    travel_to Time.utc(2026, 5, 3, 13)
    assert_equal [ [ nil, nil, nil ], [ 1, 6, 16 ] ], figures(adoption("minor").curves.sole)
  end

  test "what was downloaded over a total that fell is unknown, also where it is not the release's" do
    store LISTS.merge(9 => LISTS[9].merge("v1.0.0" => 1_170))
    assert_equal [ nil, 40.0, nil, 63.64, *[ nil ] * 8 ], adoption.curves.last.shares
    assert_equal 75.0, adoption.curves.first.shares.last
  end

  test "what was downloaded in more than thirty days is unknown" do
    store LISTS.slice(1, 2)
    { 42 => 500, 43 => 600, 49 => 700 }.each { |day, total| store day => { "v1.0.0" => 2_000, SIGNATURE => 5, "v1.1.0" => total } }
    travel_to Time.utc(2026, 6, 20, 13)
    curve = adoption.curves.sole
    assert_equal [ [ 47, 7, 200, 200 ] ], figures(curve).each_with_index.filter_map { |figure, day| [ day, *figure ] if figure.any? }
    assert_equal 50, curve.days
  end

  test "a day on which nothing was downloaded has no share" do
    store 1 => { "v1.0.0" => 10 }, 2 => { "v1.0.0" => 10, "v1.1.0" => 1 }, 3 => { "v1.0.0" => 10, "v1.1.0" => 1 }
    travel_to Time.utc(2026, 5, 3, 13)
    curve = adoption.curves.sole
    assert_equal [ [ [ nil, nil, nil ], [ 1, 0, 0 ] ], [ nil, nil ], nil ], [ figures(curve), curve.shares, curve.half_after ]
  end

  test "a curve ends half a year after its first sight, and sums of 63 bits are exact" do
    large = Component::Contract::MAX_COUNT
    store 1 => { "v1.0.0" => 1 }, 2 => { "v1.0.0" => 1, "v1.1.0" => 0 }, 3 => { "v1.0.0" => 1, "v1.1.0" => large - 1 }
    travel_to Time.utc(2027, 1, 1)
    curve = adoption.curves.sole
    assert_equal [ 181, [ 1, large - 1, large - 1 ] ], [ curve.days, figures(curve)[1] ]
    store 4 => { "v1.0.0" => 3, "v1.1.0" => large }
    assert_equal [ nil, nil, nil ], figures(adoption.curves.sole)[2], "the sum of both totals has more than 63 bits"
  end

  test "without a list, or with one, there is no curve" do
    assert_empty adoption.curves
    store LISTS.slice(1)
    assert_equal({ org: "adoption", package: "one", source: "github.com", group: "version", window: 7, releases: [] }, adoption.as_json)
  end

  private
    def store(lists)
      lists.each do |day, totals|
        list = totals.reverse_each.map { |tag, total| Component::Contract::TaggedVersion.new(id: IDS[tag], tags: [ tag ], total:) }
        Package.record_versions [ [ @package, list, Time.utc(2026, 5, 1, 12) + (day - 1).days ] ]
      end
    end

    def adoption(group = "version", most: Adoption::MAX_RELEASES)
      Adoption.new(VersionDownloads.new(@package.reload, range: Date.current..Date.current), group:, most:)
    end

    def figures(curve)
      [ curve.windows, curve.downloads, curve.all ].transpose
    end
end

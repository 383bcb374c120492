require "test_helper"

# Totals from elsewhere: what a file may hold, and what is stored of it.
class TotalsImportTest < ActiveSupport::TestCase
  include Readings

  setup do
    travel_to Time.utc(2026, 5, 11, 14)
    @directory = Dir.mktmpdir
    @org, @package = orgs(:fluxcd), packages(:flagger)
  end

  teardown { FileUtils.remove_entry @directory }

  HISTORY = <<~CSV.freeze
    date,package,total
    2026-05-06,flagger,200
    2026-05-07,flagger,210
    2026-05-07,charts/flagger,90
    2026-05-10,flagger,999
    2026-05-11,flagger,260
  CSV

  test "days that were not read get their totals, marked, and read ones stay" do
    packages(:chart).update_columns(name: "charts/flagger")
    import = import(HISTORY)
    assert_equal [ 4, 0, 0, 1, 1 ], import.counts.to_a
    assert_equal [ [ 6, 200, true ], [ 7, 210, true ], [ 8, 245, false ], [ 9, 240, false ], [ 10, 250, false ], [ 11, 260, true ] ], days_of(@package)
    assert_equal [ [ 7, 90, true ], [ 9, 100, false ], [ 10, nil, false ] ], days_of(packages(:chart))
    assert_equal [ 250, 10, Time.utc(2026, 5, 10, 12) ], @package.reload.values_at(:total, :growth_1, :measured_at), "the latest figures are those that were read"
    assert_equal 350, @org.reload.total
    assert_equal 3, @package.measurements.count
  end

  test "the sums of the imported days, and of those after them, have the imported totals" do
    packages(:chart).update_columns(name: "charts/flagger")
    import(HISTORY)
    days = @org.days.order(:date).map { |day| [ day.date.day, day.total, day.packages_read, day.packages_stale, day.packages_imported ] }
    assert_equal [ [ 6, 200, 0, 0, 1 ], [ 7, 300, 0, 0, 2 ], [ 9, 340, 2, 0, 0 ], [ 10, 350, 1, 1, 0 ], [ 11, 360, 0, 1, 1 ] ], days
    assert_equal [ 0, 1, 5 ], Chart::OfOrg.new(@org).as_json[:imported]
    assert_equal [ 0, 1, 5 ], Chart::OfPackage.new(@package).as_json[:imported]
  end

  test "the same file a second time changes nothing, and a corrected one changes what was imported" do
    packages(:chart).update_columns(name: "charts/flagger")
    import(HISTORY)
    before = [ days_of(@package), @package.reload.updated_at, @org.reload.updated_at ]
    travel 1.second
    again = import(HISTORY)
    assert_equal [ 0, 0, 4, 1, 1 ], again.counts.to_a
    assert_equal before, [ days_of(@package), @package.reload.updated_at, @org.reload.updated_at ]
    corrected = import(HISTORY.sub("flagger,200", "flagger,201"))
    assert_equal [ 0, 1, 3, 1, 1 ], corrected.counts.to_a
    assert_equal [ 6, 201, true ], days_of(@package).first
    assert_operator @package.reload.updated_at, :>, before.second, "cached charts are out of date"
  end

  test "a dry run stores nothing and counts the same" do
    packages(:chart).update_columns(name: "charts/flagger")
    before = [ Package::Day.count, Org::Day.count ]
    import = TotalsImport.new(@org, file(HISTORY)).dry_run
    assert_equal [ 4, 0, 0, 1, 1 ], import.counts.to_a
    assert_equal "fluxcd: 5 rows: 4 to add, 1 of days that were read, which stay, 1 of these with another total (stand-in: invented)", import.summary
    assert_equal before, [ Package::Day.count, Org::Day.count ]
  end

  test "a reading replaces the imported total of its day" do
    import("date,package,total\n2026-05-11,flagger,260\n")
    read @package, 255, at: "2026-05-11 13:00"
    assert_equal [ 11, 255, false ], days_of(@package).last
    assert_equal [ 0, 0, 0, 1, 1 ], import("date,package,total\n2026-05-11,flagger,260\n").counts.to_a
  end

  test "an imported total is no beginning of tracking" do
    assert_no_changes -> { @org.reload.send(:first_days) } do
      import("date,package,total\n2025-05-11,flagger,1\n")
    end
    read @package, 300, at: "2026-05-11 13:00"
    @org.reload.update_sums(Date.current, Date.current)
    assert_nil @org.growth_365
    assert_equal 50, @org.growth_1
  end

  test "an unknown package is refused, or created as one that GitHub does not list" do
    text = "date,package,total\n2026-05-01,other,5\n2026-05-03,other,7\n"
    assert_match(/fluxcd has no package other: correct the names/, refused(text))
    assert_equal [ 2, 0, 0, 0, 0 ], import(text, create: true).counts.to_a
    other = @org.packages.find_by!(name: "other")
    assert_equal [ nil, Time.utc(2026, 5, 4) ], [ other.total, other.vanished_at ]
    assert_equal({ 1 => 5, 3 => 7 }, @org.days.where(date: ..Date.new(2026, 5, 4)).to_h { |day| [ day.date.day, day.total ] })
    assert_equal [ 0, 0, 2, 0, 0 ], import(text, create: true).counts.to_a
  end

  test "nothing is stored while a collection is running" do
    Collection::Lock.hold("fluxcd") do
      assert_raises(Collection::Lock::Taken) { import("date,package,total\n2026-05-01,flagger,5\n") } unless Database.postgresql?
    end
    assert_equal 3, days_of(@package).size
  end

  WRONG = {
    "" => /is empty/, "date,package,total\n" => /has no rows/, "date,package\n2026-05-01,flagger\n" => /has no column total/, "\n\n" => /has no (column|rows)/,
    "date,package,total\n2026-05-01,flagger,14" => /ends within a line: it may be cut/, "date,package,total\n2026-05-01,flagger\n" => /line 2: nothing is no total/,
    "date,package,total\n2026-05-01,flagger,\n" => /is no total: digits alone/, "date,package,total\n2026-05-01,flagger,-5\n" => /"-5" is no total/,
    "date,package,total\n2026-05-01,flagger,1e3\n" => /"1e3" is no total/, "date,package,total\n2026-05-01,flagger,14.4K\n" => /"14.4K" is no total/,
    "date,package,total\n2026-05-01,flagger,\"1,234\"\n" => /"1,234" is no total/, "date,package,total\n2026-05-01,flagger,9223372036854775808\n" => /has more than 63 bits/,
    "date,package,total\n2026-05-01,flagger,#{"9" * 3000}\n" => /is no total/, "date,package,total\n2026-05-12,flagger,5\n" => /2026-05-12 is in the future/,
    "date,package,total\n9999-12-31,flagger,5\n" => /in the future/, "date,package,total\n1969-12-31,flagger,5\n" => /is before 1970-01-01/,
    "date,package,total\n2026-02-30,flagger,5\n" => /"2026-02-30" is no date/, "date,package,total\n10 May 2026,flagger,5\n" => /is no date/,
    "date,package,total\n2026-05-01,=cmd|' /C calc'!A0,5\n" => /is no name of a package/, "date,package,total\n2026-05-01,Flagger,5\n" => /is no name/,
    "date,package,total\n2026-05-01,#{"a" * 256},5\n" => /is no name/, "date,package,total\n2026-05-01,flagger\0,5\n" => /is no name/,
    "date,package,total\n2026-05-01,flagger,5\n2026-05-01,flagger,6\n" => /line 3: flagger already has the total 5 on 2026-05-01, and not 6/,
    "date,package,total\n2026-05-01,\"flagger,5\n" => /is no CSV in UTF-8/, "date,package,total\n2026-05-01,\"#{"x" * 10_000}\",5\n" => /is no CSV/,
    "date,package,total\n2026-05-01,fl\xFFagger,5\n" => /is no CSV in UTF-8|is no name/,
    "date,package,total,source\n2026-05-01,flagger,5,github.com\n" => /has figures of "github.com", and the organisation's come from stand-in/
  }.freeze

  WRONG.each do |text, message|
    test "refused: #{text.first(70).inspect}" do
      assert_match message, refused(text)
      assert_equal 3, days_of(@package).size
    end
  end

  WRONG_JSON = {
    "" => /is empty/, "[]" => /has no rows/, "{}" => /has no list/, "[{\"date\":\"2026-05-01\",\"package\":\"flagger\",\"total\":5}" => /is no JSON/, "5" => /has no list/,
    "[#{"[" * 50}#{"]" * 50}]" => /is no JSON/, "[null]" => /row 1: is no object/, "[{\"date\":\"2026-05-01\",\"package\":\"flagger\",\"total\":null}]" => /nothing is no total/,
    "[{\"date\":\"2026-05-01\",\"package\":\"flagger\",\"total\":5.0}]" => /5.0" is no total/, "[{\"date\":20260501,\"package\":[\"flagger\"],\"total\":5}]" => /is no date/,
    "[{\"date\":\"2026-05-01\",\"package\":\"flagger\",\"total\":9223372036854775808}]" => /63 bits/, "\xFF\xFE" => /is no JSON/,
    "{\"source\":\"github.com\",\"days\":[{\"date\":\"2026-05-01\",\"package\":\"flagger\",\"total\":5}]}" => /has figures of "github.com"/
  }.freeze

  WRONG_JSON.each do |text, message|
    test "refused as JSON: #{text.first(70).inspect}" do
      assert_match message, refused(text, "history.json")
    end
  end

  test "one wrong row among others stores nothing, and the errors are counted" do
    wrong = (1..30).map { |day| "2026-05-01,flagger,x#{day}\n" }.join
    error = refused("date,package,total\n2026-05-02,flagger,5\n#{wrong}")
    assert_equal TotalsFile::MAX_ERRORS + 1, error.lines.size
    assert_match(/\Aline 3: "x1" is no total.*^10 more\z/m, error)
    assert_equal 3, days_of(@package).size
  end

  test "a huge file is refused before it is read, and one with too many rows before any is stored" do
    path = "#{@directory}/huge.csv"
    File.open(path, "w") { |file| file.truncate(TotalsFile::MAX_SIZE + 1) }
    assert_match(/has 134,217,729 bytes.*: split it/, assert_raises(TotalsFile::Refused) { TotalsFile.new(path, source: "stand-in") }.message)
    before, limit = TotalsFile::MAX_ROWS, 3
    silence_warnings { TotalsFile.const_set(:MAX_ROWS, limit) }
    assert_match(/has more than 3 rows/, refused(HISTORY))
  ensure
    silence_warnings { TotalsFile.const_set(:MAX_ROWS, before) }
  end

  test "columns in another order, more of them, capitals, a byte order mark and repeated rows" do
    import = import("\uFEFFTotal,Note, Package ,DATE\r\n5,x,flagger,2026-05-01\r\n5,y,flagger,2026-05-01\r\n")
    assert_equal [ 1, 0, 0, 0, 0 ], import.counts.to_a
    assert_match(/1 repeated in the file/, import.summary)
    assert_equal [ 1, 5, true ], days_of(@package).first
  end

  test "an export, imported into another database, has the same totals" do
    packages(:chart).update_columns(name: "charts/flagger")
    import(HISTORY)
    %w[history.csv history.json].each do |name|
      path = "#{@directory}/#{name}"
      assert_equal 8, TotalsExport.new(@org).write(path)
      totals = totals_of(@org)
      assert_equal [], Dir.glob("#{@directory}/*.part")
      ActiveRecord::Base.transaction do
        Package.where(org: @org).delete_all
        @org.days.delete_all
        TotalsImport.new(@org, TotalsFile.new(path, source: "stand-in"), create: true).run
        assert_equal totals, totals_of(@org), name
        second = "#{@directory}/second-#{name}"
        TotalsExport.new(@org).write(second)
        assert_equal File.read(path).gsub("false", "true"), File.read(second)
        raise ActiveRecord::Rollback
      end
    end
  end

  test "an export that can't be written leaves the earlier file" do
    path = "#{@directory}/history.csv"
    File.write(path, "earlier")
    export = TotalsExport.new(@org)
    export.define_singleton_method(:csv) { |_| raise Errno::ENOSPC }
    assert_raises(Errno::ENOSPC) { export.write(path) }
    assert_equal [ "earlier", [ "history.csv" ] ], [ File.read(path), Dir.children(@directory) ]
  end

  private
    def file(text, name = "history.csv")
      path = "#{@directory}/#{name}"
      File.binwrite(path, text)
      TotalsFile.new(path, source: @org.source)
    end

    def import(text, **options)
      TotalsImport.new(@org, file(text), **options).run
    end

    def refused(text, name = "history.csv")
      assert_raises(TotalsFile::Refused) { TotalsImport.new(@org, file(text, name)).run }.message
    end

    def days_of(package)
      package.days.order(:date).map { |day| [ day.date.day, day.total, day.imported ] }
    end

    def totals_of(org)
      Package::Day.where(package: org.packages).where.not(total: nil).includes(:package).map { |day| [ day.package.name, day.date, day.total ] }.sort
    end
end

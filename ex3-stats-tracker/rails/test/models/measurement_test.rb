require "test_helper"

class MeasurementTest < ActiveSupport::TestCase
  include Readings

  setup do
    travel_to Time.utc(2026, 5, 10, 12)
    @package = Org.create!(name: "thinned", source: "stand-in").packages.create!(name: "a", position: 0, listed_at: Time.current)
  end

  test "of each old day the last measurement is kept" do
    { "2026-01-01 00:00:00" => 10, "2026-01-01 23:59:59" => 20, "2026-01-02 00:00:00" => 30,
      "2026-03-11 06:00:00" => 40, "2026-03-11 18:00:00" => 50, "2026-03-12 00:00:00" => 60, "2026-03-12 18:00:00" => 70 }.each do |at, total|
      read @package, total, at: "#{at} UTC"
    end
    assert_equal 2, Measurement.thin(60, packages: Package.where(id: @package), dry_run: true)
    assert_equal 7, totals.size
    assert_equal 2, Measurement.thin(60, packages: Package.where(id: @package))
    assert_equal [ 20, 30, 50, 60, 70 ], totals
    assert_equal 0, Measurement.thin(60, packages: Package.where(id: @package)), "a second time there is nothing to delete"
  end

  test "a fallen total is kept, and so is another package's" do
    other = @package.org.packages.create!(name: "b", position: 1, listed_at: Time.current)
    { "01:00" => 10, "02:00" => 5, "03:00" => 20 }.each { |time, total| read @package, total, at: "2026-01-01 #{time} UTC" }
    { "01:30" => 1, "02:30" => 2 }.each { |time, total| read other, total, at: "2026-01-01 #{time} UTC" }
    Measurement.thin(60, packages: Package.where(id: @package))
    assert_equal [ [ 5, 20 ], [ 1, 2 ] ], [ totals, totals(other) ]
  end

  test "what the pages show stays the same" do
    100.times { |hour| read @package, hour, at: Time.utc(2026, 1, 1) + (hour * 7).hours, daily: { Date.new(2026, 1, 1) => hour } }
    figures = -> { [ Chart::OfPackage.new(@package.reload).to_json, @package.attributes, @package.days.order(:date).map(&:attributes) ] }
    before = figures.call
    assert_operator Measurement.thin(60, packages: Package.where(id: @package)), :>, 60
    assert_equal before, figures.call
  end

  test "days that growth needs are refused" do
    error = assert_raises(ArgumentError) { Measurement.thin(59) }
    assert_equal "all measurements of 60 days or more are kept, and not of 59: growth needs them", error.message
  end

  private
    def totals(package = @package)
      package.measurements.chronological.pluck(:total)
    end
end

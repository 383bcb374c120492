require "test_helper"

class SpreadsheetTest < ActiveSupport::TestCase
  test "a text that looks like a formula stays a text" do
    [ "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1" ].each do |text|
      assert_equal "'#{text}", CSV.parse(Spreadsheet.csv(%w[name], [ [ text ] ]))[1][0]
    end
  end

  test "numbers stay numbers, and nil is an empty cell" do
    assert_equal "a,b,c\n-5,,2026-05-10\n", Spreadsheet.csv(%w[a b c], [ [ -5, nil, Date.new(2026, 5, 10) ] ])
  end

  test "quotes, commas and lines stay in their cell" do
    text = %(a "b", c\nd)
    assert_equal text, CSV.parse(Spreadsheet.csv(%w[name], [ [ text ] ]))[1][0]
  end

  test "tags are one cell" do
    assert_equal "'=x latest", CSV.parse(Spreadsheet.csv(%w[tags], [ [ %w[=x latest] ] ]))[1][0]
  end
end

require "test_helper"

class Chart::ValueAxisTest < ActiveSupport::TestCase
  def axis(*values, logarithmic: false, from_zero: false)
    Chart::ValueAxis.for(values, logarithmic:, from_zero:)
  end

  test "equal steps have exact labels that differ" do
    { [ 1_980_000_000, 2_030_000_000 ] => %w[1.98B 1.99B 2.00B 2.01B 2.02B 2.03B], [ 0, 10 ] => %w[0 2 4 6 8 10], [ 7_594_000_000, 7_598_000_000 ] => %w[7.594B 7.595B 7.596B 7.597B 7.598B],
      [ 240, 250 ] => %w[240 242 244 246 248 250], [ 0, 0 ] => %w[0 1], [ 2**63 - 1, 2**63 - 1 ] => nil }.each do |values, labels|
      marks = axis(*values).marks
      assert_equal labels, marks.map(&:label), values if labels
      assert_operator marks.size, :<=, Chart::ValueAxis::MAX_MARKS + 1
      assert_equal marks.map(&:label).uniq, marks.map(&:label)
    end
  end

  test "every value and every mark lies on the axis, with any scale" do
    [ [ 0 ], [ 1 ], [ 5, 5 ], [ 0, 1_000_000 ], [ 2**63 - 1, 0 ], [ 355_103_300, 355_103_301 ], [] ].product([ true, false ], [ true, false ]) do |values, logarithmic, from_zero|
      axis = axis(*values, logarithmic:, from_zero:)
      (values + axis.marks.map(&:value)).each do |value|
        assert_includes((-0.001..1.001), axis.position(value), "#{value} of #{values}, #{logarithmic ? "logarithmic" : "linear"}")
      end
      assert_operator axis.marks.size, :>=, 1, "#{values} #{logarithmic} #{from_zero}"
    end
  end

  test "a logarithmic axis has powers of ten" do
    assert_equal %w[1 10 100 1K 10K 100K 1M], axis(0, 1_000_000, logarithmic: true).marks.map(&:label)
    assert_equal %w[10 20 50 100 200], axis(10, 200, logarithmic: true).marks.map(&:label)
  end
end

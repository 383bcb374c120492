# The vertical axis: its range, its marks, and the position of a value between 0 (bottom) and 1 (top).
class Chart::ValueAxis
  MAX_MARKS = 6

  # A label has at most so many decimals: otherwise it has a smaller unit.
  MAX_DECIMALS = 3

  Mark = Data.define(:value, :label)

  # +values+: all that is shown. +from_zero+: the axis begins at 0, or with a logarithmic scale at a power of ten.
  def self.for(values, logarithmic:, from_zero:)
    (logarithmic ? Logarithmic : self).new(values, from_zero:)
  end

  def initialize(values, from_zero:)
    least, most = values.minmax
    least, most = 0, 1 unless least
    @low, @high = from_zero ? [ 0, [ most * 1.08, 1 ].max ] : with_room(least, most)
  end

  def position(value)
    (value - @low).fdiv(@high - @low)
  end

  def marks
    step = step_of(@high - @low)
    numbers = (@low.fdiv(step).ceil..@high.fdiv(step).floor).map { |index| index * step }
    power, decimals = unit_of(numbers.map(&:abs).max.to_i, step)
    numbers.map { |number| Mark.new(value: number, label: label(number, power, decimals)) }
  end

  private
    def with_room(least, most)
      room = [ (most - least) * 0.08, most * 1e-6, 1 ].max
      [ [ 0, least - room ].max, most + room ]
    end

    # A whole number: nothing is counted in parts.
    def step_of(range)
      step = 10**[ Math.log10(range.fdiv(MAX_MARKS)).floor, 0 ].max
      [ 1, 2, 5, 10 ].map { |factor| factor * step }.find { |one| range.fdiv(one) <= MAX_MARKS }
    end

    # The unit, as a power of 1000, and the decimals with which each label is exact.
    def unit_of(largest, step)
      [ (largest.to_s.size - 1) / 3, ShortNumber::UNITS.size - 1 ].min.downto(0) do |power|
        decimals = (0..MAX_DECIMALS).find { |count| (step * 10**count % 1000**power).zero? }
        return [ power, decimals ] if decimals
      end
    end

    def label(number, power, decimals)
      return "0" if number.zero?

      whole, rest = number.divmod(1000**power)
      fraction = ".#{(rest * 10**decimals / 1000**power).to_s.rjust(decimals, "0")}" if decimals.positive?
      "#{whole.to_fs(:delimited)}#{fraction}#{ShortNumber::UNITS[power]}"
    end

    # A logarithmic axis has no zero: 0 is drawn as 1.
    class Logarithmic < self
      def initialize(values, from_zero:)
        least, most = values.map { |value| [ value, 1 ].max }.minmax
        least, most = 1, 10 unless least
        room = [ most.fdiv(least)**0.08, 1.001 ].max
        low, high = from_zero ? [ 10**Math.log10(least * 0.9).floor, most * 1.3 ] : [ least / room, most * room ]
        super([ low, high ], from_zero: false)
        @low, @high = low, high
      end

      def position(value)
        Math.log([ value, 1 ].max.fdiv(@low)) / Math.log(@high.fdiv(@low))
      end

      def marks
        decades = Math.log10(@high.fdiv(@low))
        # Less than one power of ten is divided as on a linear axis.
        return super if decades < 0.8

        factors = decades < 3 ? [ 1, 2, 5 ] : [ 1 ]
        powers = [ Math.log10(@low).floor, 0 ].max..Math.log10(@high).floor
        powers.flat_map { |power| factors.map { |factor| factor * 10**power } }.select { |value| value.between?(@low, @high) }
          .map { |value| Mark.new(value:, label: ShortNumber.format(value)) }
      end
    end
    private_constant :Logarithmic
end

# A number as GitHub shows it: at most three significant digits, rounded half up, without trailing zeros. 14360 → "14.4K"
module ShortNumber
  UNITS = [ "", "K", "M", "B", "T" ].freeze

  # +number+ is an integer.
  def self.format(number)
    return "-#{format(-number)}" if number.negative?

    step = 10**[ number.to_s.size - 3, 0 ].max
    rounded = (number + step / 2) / step * step
    power = [ (rounded.to_s.size - 1) / 3, UNITS.size - 1 ].min
    whole, rest = rounded.divmod(1000**power)
    fraction = rest.to_s.rjust(3 * power, "0").sub(/0+\z/, "")
    "#{[ whole.to_s, fraction ].reject(&:empty?).join(".")}#{UNITS[power]}"
  end
end

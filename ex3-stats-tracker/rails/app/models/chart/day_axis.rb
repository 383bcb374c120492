# The horizontal axis: the days that have a label.
class Chart::DayAxis
  Mark = Data.define(:date, :label)

  # The longest range of days for each distance between two labels.
  DAYS = { 10 => 1, 20 => 2, 45 => 7, 100 => 14 }.freeze
  MONTHS = { 240 => 1, 800 => 3, 1600 => 6, Float::INFINITY => 12 }.freeze

  def initialize(dates)
    @dates = dates
  end

  # A year is named once, with the first label and with the first one of each new year.
  def marks
    count = (@dates.end - @dates.begin).to_i + 1
    year = nil
    days = DAYS.find { |longest, _| count <= longest }
    dates = days ? every(days.last) : months(MONTHS.find { |longest, _| count <= longest }.last)
    dates.map do |date|
      named, year = date.year == year, date.year
      Mark.new(date:, label: [ (date.day if days), date.strftime("%b"), (year unless named) ].compact.join(" "))
    end
  end

  private
    def every(days)
      (@dates.begin..@dates.end).step(days).to_a
    end

    def months(count)
      first = @dates.begin.day == 1 ? @dates.begin : @dates.begin.next_month.beginning_of_month
      first = first.next_month until ((first.month - 1) % count).zero?
      Enumerator.produce(first) { |date| date.next_month(count) }.take_while { |date| date <= @dates.end }
    end
end

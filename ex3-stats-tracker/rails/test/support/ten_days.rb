# A history of ten days whose figures are computed by hand: from the 1st to the 10th of May 2026, each day at noon.
#
# +steady+ has 100 downloads on each day of April and 101, 102, … on the days of May. It was read until the 8th, when 40
# downloads of that day were counted, and fails since the 9th. Its total grows by 100 from noon to noon.
#
# +new+ appeared on the 8th. Its page has its last 30 days: nothing until the 25th of April, then 2 a day, and from the 6th
# of May 5, 7, 9 and 11 a day, and 4 until the noon of the 10th.
module TenDays
  NOON = Time.utc(2026, 5, 10, 12)

  STEADY = [ *(2..30).map { |day| [ Date.new(2026, 4, day), 100 ] }, *(1..9).map { |day| [ Date.new(2026, 5, day), 100 + day ] } ].to_h.freeze
  NEW = [ *(9..25).map { |day| [ Date.new(2026, 4, day), 0 ] }, *(26..30).map { |day| [ Date.new(2026, 4, day), 2 ] },
    *(1..5).map { |day| [ Date.new(2026, 5, day), 2 ] }, *{ 6 => 5, 7 => 7, 8 => 9, 9 => 11 }.map { |day, count| [ Date.new(2026, 5, day), count ] } ].to_h.freeze

  def ten_days
    travel_to NOON
    org = Org.create!(name: "ten-days", source: "github.com")
    steady, new = %w[steady new].map { |name| org.packages.create!(name:, listed_at: NOON) }
    (1..10).each do |day|
      noon = Time.utc(2026, 5, day, 12)
      if day <= 8
        read steady, 10_000 + (day - 1) * 100, at: noon, daily: page(STEADY, noon, { 8 => 40 }.fetch(day, 50))
      else
        steady.reload.record_failure(Component::Problem.new("markup_changed", "another page"), about: "total", at: noon)
      end
      read new, { 8 => 100, 9 => 112, 10 => 124 }[day], at: noon, daily: page(NEW, noon, { 8 => 3, 9 => 2, 10 => 4 }[day]) if day >= 8
      org.reload.update_sums(noon.to_date, noon.to_date)
    end
    org.reload
  end

  private
    # The last 30 days that a page shows.
    def page(counts, noon, of_today)
      today = noon.to_date
      counts.select { |date, _| date < today && date > today - 30 }.merge(today => of_today)
    end
end

# The downloads of a day, a week or a month, or a run of such without any known day.
#
# Weeks begin on Mondays, and all days are UTC's, as GitHub's are. first, last: its days, the last one at most today. count:
# the sum of its known days; nil where none is known, or where the sum does not fit the database's integers. partial: the
# most packages of which a day's whole count is not known.
Downloads::Bucket = Data.define(:unit, :first, :last, :known, :count, :settled, :partial) do
  def days = (last - first).to_i + 1
  def known? = known.positive?

  # The buckets from +first+ to +last+, newest first. +days+: a Downloads::Day by date.
  def self.list(days, unit, first, last)
    rows([ days ], unit, first, last).map(&:first)
  end

  # A row for each span of time, with a bucket for each of +all+; spans without any known day are joined to one row.
  def self.rows(all, unit, first, last)
    rows = spans(unit, first, last).map { |begins, ends| all.map { |days| of(days, unit, begins, ends) } }
    rows.chunk_while { |*neighbours| neighbours.flatten.none?(&:known?) }
      .map { |run| run.first.zip(run.last).map { |one, other| one.with(last: other.last) } }.reverse
  end

  # The first day of the day, week or month that +date+ is in.
  def self.beginning(unit, date)
    unit == "day" ? date : date.public_send(:"beginning_of_#{unit}")
  end

  # The last one.
  def self.ending(unit, date)
    unit == "day" ? date : date.public_send(:"end_of_#{unit}")
  end

  def self.spans(unit, first, last)
    begins = beginning(unit, first)
    spans = []
    while begins <= last
      ends = ending(unit, begins)
      spans << [ begins, [ ends, last ].min ]
      begins = ends.next_day
    end
    spans
  end
  private_class_method :spans

  def self.of(days, unit, begins, ends)
    known = (begins..ends).filter_map { |date| days[date] }
    counts = known.map(&:count)
    sum = counts.sum if known.any? && counts.all?
    new(unit:, first: begins, last: ends, known: known.size, count: (sum if sum && sum <= Component::Contract::MAX_COUNT),
      settled: known.all?(&:settled), partial: known.map(&:partial).max.to_i)
  end
  private_class_method :of
end

# How often a round reads a package. What stands still is read less often:
#
#   the total has not changed for   the package is read
#   less than 14 days               with every round
#   14 days                         every 3rd day
#   28 days                         every 7th day
#
# Each package has its own days of the cycle, by its id, so that every day has as many packages. GitHub's page shows the
# downloads of 30 days, the last of which is not over: with less than 30 days between two readings none is missed.
#
# Versions are read with a total that has moved since they were last read, at most once a day. They are also read when this
# was four weeks ago: a release that nobody has pulled moves no total.
class Pace
  # The days between two readings, by the days without a change.
  RESTS = { 28 => 7, 14 => 3 }.freeze
  VERSIONS_AFTER = 28.days.to_i

  # A package may be read so much later than its day, and still counts as resting: a round takes its time.
  TOLERANCE = 26.hours

  def initialize(rests)
    @rests = rests
  end

  # Reads everything at each time.
  ALWAYS = new({}).freeze
  RARELY = new(RESTS).freeze

  # That of rounds.
  def self.configured
    case text = ENV["STATS_TRACKER_STILL_PACKAGES"].presence
    when nil, "rarely" then RARELY
    when "always" then ALWAYS
    else raise ArgumentError, "STATS_TRACKER_STILL_PACKAGES is rarely or always, not #{text}"
    end
  end

  # The time of the next reading of a package; nil where nothing is waited for.
  def resting_until(id, moved_at:, measured_at:)
    still = (measured_at - moved_at) / 86_400
    days = @rests.find { |least, _| still >= least }&.last or return

    date = measured_at.to_date
    (date + days - (date.jd + id) % days).to_time(:utc)
  end

  def total_due?(package, at)
    always? || package.failing? || package.resting_until.nil? || package.resting_until <= at
  end

  # +reading+: the package's total, if it was just read.
  def versions_due?(package, reading, at)
    return true if always? || package.versions_measured_at.nil?
    return false unless reading || total_due?(package, at) || package.moved_at.nil?

    (reading && reading.total != package.total) || package.moved_at.nil? || package.moved_at > package.versions_measured_at ||
      package.versions_measured_at <= at - VERSIONS_AFTER
  end

  private
    def always? = @rests.empty?
end

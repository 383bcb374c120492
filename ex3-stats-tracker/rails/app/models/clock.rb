# The clock that days are counted by: that of the process that collects or answers, in UTC. A reading has the component's
# time, because the component reads the page. A time ahead of this clock is refused. The database's clock is never used.
module Clock
  # Clocks that NTP synchronises differ by less.
  TOLERANCE = 5.minutes

  # The latest time that a reading can have.
  def self.latest_plausible
    Time.current + TOLERANCE
  end

  def self.ahead?(time)
    time.present? && time > latest_plausible
  end

  # The problem of a reading from the future.
  def self.problem(time)
    Component::Problem.new("component_failed",
      "the component measured at #{time.utc.iso8601}, and here it is #{Time.current.utc.iso8601}: set the clock that is wrong")
  end
end

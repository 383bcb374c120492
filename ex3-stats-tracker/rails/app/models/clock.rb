# The one clock that days are counted by: that of the process that collects or answers, in UTC. A reading bears the
# component's time, because that is when the page was read; but no time is believed that lies ahead of this clock. The
# database's clock is never asked.
module Clock
  # Clocks that are kept by NTP differ by less, and a component that is further ahead is wrong.
  AHEAD = 5.minutes

  # The latest time at which anything can have been read.
  def self.horizon
    Time.current + AHEAD
  end

  def self.ahead?(time)
    time.present? && time > horizon
  end

  # What is said of a reading from the future.
  def self.problem(time)
    Component::Problem.new("component_failed",
      "the component measured at #{time.utc.iso8601}, and here it is #{Time.current.utc.iso8601}: set the clock that is wrong")
  end
end

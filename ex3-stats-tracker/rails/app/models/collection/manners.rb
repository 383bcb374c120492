# How GitHub is treated.
#
# +pause+: seconds between an answer and the next request. +concurrency+: requests at a time. +wait+: how many seconds
# all waits of a pass for a rate limit may last together. +attempts+: how often something is asked for at most.
# +retry_delay+: seconds before the second attempt, doubled before each further one and lengthened by chance.
Collection::Manners = Data.define(:pause, :concurrency, :wait, :attempts, :retry_delay) do
  def self.towards(source)
    # One page a second is slower than a reader clicks, and nobody reads faster or in two places. GitHub's limits often
    # last half an hour: no pass waits for that, the next one resumes. A stand-in on this machine needs no consideration.
    if source == "stand-in"
      new(pause: number("PAUSE", 0, 0..3600), concurrency: number("CONCURRENCY", 4, 1..16).to_i, wait: 60, attempts: 3, retry_delay: 0.02)
    else
      new(pause: number("PAUSE", 1, 1..3600), concurrency: number("CONCURRENCY", 1, 1..1).to_i, wait: 60, attempts: 3, retry_delay: 2)
    end
  end

  def self.number(name, default, range)
    text = ENV["STATS_TRACKER_#{name}"].presence or return default
    number = Float(text, exception: false)
    return number if number && range.cover?(number)
    allowed = range.min == range.max ? range.min : "a number from #{range.min} to #{range.max}"
    raise ArgumentError, "STATS_TRACKER_#{name} is #{allowed} with this source, not #{text}"
  end
  private_class_method :number

  # Seconds before the attempt after this one, the first being 1.
  def delay(attempt)
    retry_delay * 2**(attempt - 1) * (1 + rand)
  end
end

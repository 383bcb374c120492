# How politely GitHub is asked.
#
# +pause+: seconds between an answer and the next request. +concurrency+: requests at a time. +max_rate_limit_wait+:
# seconds that all waits of a collection for a rate limit may last together. +max_attempts+: how often the same request is
# made at most. +retry_delay+: seconds before the second attempt; each further delay is twice as long, and jitter is added.
Collection::RequestPolicy = Data.define(:pause, :concurrency, :max_rate_limit_wait, :max_attempts, :retry_delay) do
  def self.for(source)
    # One page a second, from one client, is slower than a person clicks. GitHub's rate limits often last half an hour: no
    # collection waits for that, the next one resumes. A stand-in on this machine needs no pause.
    if source == "stand-in"
      new(pause: number("PAUSE", 0, 0..3600), concurrency: number("CONCURRENCY", 4, 1..16).to_i,
        max_rate_limit_wait: 60, max_attempts: 3, retry_delay: 0.02)
    else
      new(pause: number("PAUSE", 1, 1..3600), concurrency: number("CONCURRENCY", 1, 1..1).to_i,
        max_rate_limit_wait: 60, max_attempts: 3, retry_delay: 2)
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

  # Seconds between attempt number +attempt+, counted from 1, and the next one. The jitter keeps two clients out of step.
  def delay(attempt)
    retry_delay * 2**(attempt - 1) * (1 + rand)
  end
end

# Why the component could not say what it was asked.
class Component::Problem < StandardError
  # What may have passed when it is asked again.
  TEMPORARY = %w[rate_limited unreachable timed_out component_failed].freeze

  # Longer than any reason of GitHub's: the contract's limit.
  LONGEST_WAIT = 86_400

  # As much of a stranger's sentence as anyone reads.
  LONGEST_DETAIL = 500

  attr_reader :kind, :retry_after

  # +retry_after+ is in seconds.
  def initialize(kind, detail, retry_after: nil)
    @kind = kind
    @retry_after = retry_after&.clamp(0, LONGEST_WAIT)
    super(detail.to_s.scrub.gsub(/[[:cntrl:]]+/, " ").strip.truncate(LONGEST_DETAIL))
  end

  def detail
    message
  end

  def temporary?
    TEMPORARY.include?(kind)
  end

  def rate_limited?
    kind == "rate_limited"
  end
end

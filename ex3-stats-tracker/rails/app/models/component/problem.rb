# The reason why the component could not answer a request.
class Component::Problem < StandardError
  # The kinds that another attempt may solve.
  TEMPORARY = %w[rate_limited unreachable timed_out component_failed].freeze

  # Seconds. The maximum of Retry-After in ../openapi.yaml.
  BATCH_SECONDS = 86_400

  # The detail may be text from GitHub, of any length.
  MAX_DETAIL_LENGTH = 500

  attr_reader :kind, :retry_after

  # +retry_after+ is in seconds.
  def initialize(kind, detail, retry_after: nil)
    @kind = kind
    @retry_after = retry_after&.clamp(0, BATCH_SECONDS)
    super(detail.to_s.scrub.gsub(/[[:cntrl:]]+/, " ").strip.truncate(MAX_DETAIL_LENGTH))
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

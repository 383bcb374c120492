# Checks the component's answers against ../openapi.yaml. Any other answer is a failure of the component, and nothing of
# it is stored.
module Component::Contract
  # +owner+ is organization or user; nil where the component sent no Owner-Kind header.
  List = Data.define(:packages, :owner)
  ListedPackage = Data.define(:name, :repository)
  Reading = Data.define(:total, :daily, :measured_at)
  TaggedVersion = Data.define(:id, :tags, :total)

  # The database's integers have 63 bits and a sign.
  MAX_COUNT = 2**63 - 1

  PACKAGE_NAME = %r{\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z}
  MAX_NAME_LENGTH = 255
  REPOSITORY = %r{\A[^/]+/[^/]+\z}
  TIME = /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/
  DATE = /\A\d{4}-\d\d-\d\d\z/

  OWNERS = %w[organization user].freeze

  KINDS = %w[rate_limited not_found markup_changed unreachable timed_out too_large bad_request].freeze

  # The deepest answer is a list of objects that contain a list. A deeper one is not parsed.
  MAX_DEPTH = 6

  extend self

  def parse(body)
    body.valid_encoding? or invalid("is not UTF-8")
    JSON.parse(body, max_nesting: MAX_DEPTH)
  rescue JSON::ParserError
    invalid("is no JSON")
  end

  def list(answer, owner:)
    owner.nil? || OWNERS.include?(owner) or invalid("names a kind of owner that is none")
    List.new(packages: packages(answer), owner:)
  end

  def packages(list)
    array(list).map { |row|
      repository = row["repository"]
      repository.nil? || text?(repository, REPOSITORY) or invalid("names a repository that is none")
      ListedPackage.new(name: package_name(row["name"]), repository:)
    }.uniq(&:name)
  end

  def measurement(answer, of:)
    object(answer)
    package_name(answer["name"]) == of or invalid("is about another package")
    daily = array(answer["daily"]).to_h { |day| [ date(day["date"]), count(day["count"]) ] }
    measured_at = time(answer["measured_at"])
    raise Clock.problem(measured_at) if Clock.ahead?(measured_at)
    # GitHub's clock may be a little ahead at midnight.
    daily.keys.all? { |date| date <= measured_at.to_date.next_day } or invalid("holds downloads of days to come")
    Reading.new(total: count(answer["total"]), daily:, measured_at:)
  end

  def versions(list)
    array(list).map { |row|
      tags = row["tags"]
      tags.is_a?(Array) && tags.all? { |tag| text?(tag, /\A[^\0]+\z/) } or invalid("holds a tag that is none")
      TaggedVersion.new(id: count(row["id"]), tags:, total: count(row["total"]))
    }.uniq(&:id)
  end

  # The problem of an answer other than 200: from its problem details (RFC 9457), or else from its status.
  def problem(response, body)
    details = begin
      JSON.parse(body, max_nesting: MAX_DEPTH)
    rescue JSON::ParserError, EncodingError
      nil
    end
    seconds = Integer(response["Retry-After"], 10, exception: false)
    if details.is_a?(Hash) && KINDS.include?(details["kind"]) && details["detail"].is_a?(String)
      Component::Problem.new(details["kind"], details["detail"], retry_after: seconds)
    else
      Component::Problem.new("component_failed", "the component answered with status #{response.code}", retry_after: seconds)
    end
  end

  private
    def invalid(how)
      raise Component::Problem.new("component_failed", "the component's answer #{how}")
    end

    def array(value)
      value.is_a?(Array) or invalid("holds no list where there is one")
      value.each { |row| object(row) }
    end

    def object(value)
      value.is_a?(Hash) ? value : invalid("holds no object where there is one")
    end

    def text?(value, pattern)
      value.is_a?(String) && value.match?(pattern)
    end

    def package_name(value)
      text?(value, PACKAGE_NAME) && value.length <= MAX_NAME_LENGTH ? value : invalid("names a package that is none")
    end

    def count(value)
      value.is_a?(Integer) && !value.negative? or invalid("holds a count that is none")
      value <= MAX_COUNT or raise Component::Problem.new("out_of_range", "the count #{value} is beyond what is stored")
      value
    end

    def time(value)
      text?(value, TIME) ? Time.iso8601(value).utc : invalid("holds a time that is none")
    rescue ArgumentError
      invalid("holds a time that is none")
    end

    def date(value)
      text?(value, DATE) ? Date.iso8601(value) : invalid("holds a date that is none")
    rescue Date::Error
      invalid("holds a date that is none")
    end
end

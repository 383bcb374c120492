# What the component's answers have to look like (../openapi.yaml). An answer that looks otherwise is a failure of the
# component: of a count that is not one, nothing is stored.
module Component::Contract
  # +owner+ is organization or user; nil from a component that does not say it yet.
  List = Data.define(:packages, :owner)
  Listed = Data.define(:name, :repository)
  Reading = Data.define(:total, :daily, :measured_at)
  Tagged = Data.define(:id, :tags, :total)

  # The database's integers have 64 bits, one of them the sign.
  LARGEST_COUNT = 2**63 - 1

  PACKAGE_NAME = %r{\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z}
  LONGEST_NAME = 255
  REPOSITORY = %r{\A[^/]+/[^/]+\z}
  TIME = /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\z/
  DATE = /\A\d{4}-\d\d-\d\d\z/

  OWNERS = %w[organization user].freeze

  KINDS = %w[rate_limited not_found markup_changed unreachable timed_out too_large bad_request].freeze

  # Nothing of the contract is deeper than a list of objects that hold a list.
  DEPTH = 6

  extend self

  def parse(body)
    body.valid_encoding? or broken("is not UTF-8")
    JSON.parse(body, max_nesting: DEPTH)
  rescue JSON::ParserError
    broken("is no JSON")
  end

  def list(answer, owner:)
    owner.nil? || OWNERS.include?(owner) or broken("names a kind of owner that is none")
    List.new(packages: packages(answer), owner:)
  end

  def packages(list)
    array(list).map { |row|
      repository = row["repository"]
      repository.nil? || text?(repository, REPOSITORY) or broken("names a repository that is none")
      Listed.new(name: package_name(row["name"]), repository:)
    }.uniq(&:name)
  end

  def measurement(answer, of:)
    object(answer)
    package_name(answer["name"]) == of or broken("is about another package")
    daily = array(answer["daily"]).to_h { |day| [ date(day["date"]), count(day["count"]) ] }
    measured_at = time(answer["measured_at"])
    raise Clock.problem(measured_at) if Clock.ahead?(measured_at)
    # GitHub's clock may be a little ahead at midnight.
    daily.keys.all? { |date| date <= measured_at.to_date.next_day } or broken("holds downloads of days to come")
    Reading.new(total: count(answer["total"]), daily:, measured_at:)
  end

  def versions(list)
    array(list).map { |row|
      tags = row["tags"]
      tags.is_a?(Array) && tags.all? { |tag| text?(tag, /\A[^\0]+\z/) } or broken("holds a tag that is none")
      Tagged.new(id: count(row["id"]), tags:, total: count(row["total"]))
    }.uniq(&:id)
  end

  # A problem for an answer that is not 200: what it says of itself, or that it says nothing.
  def problem(response, body)
    details = begin
      JSON.parse(body, max_nesting: DEPTH)
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
    def broken(how)
      raise Component::Problem.new("component_failed", "the component's answer #{how}")
    end

    def array(value)
      value.is_a?(Array) or broken("holds no list where there is one")
      value.each { |row| object(row) }
    end

    def object(value)
      value.is_a?(Hash) ? value : broken("holds no object where there is one")
    end

    def text?(value, pattern)
      value.is_a?(String) && value.match?(pattern)
    end

    def package_name(value)
      text?(value, PACKAGE_NAME) && value.length <= LONGEST_NAME ? value : broken("names a package that is none")
    end

    def count(value)
      value.is_a?(Integer) && !value.negative? or broken("holds a count that is none")
      value <= LARGEST_COUNT or raise Component::Problem.new("out_of_range", "the count #{value} is beyond what is stored")
      value
    end

    def time(value)
      text?(value, TIME) ? Time.iso8601(value).utc : broken("holds a time that is none")
    rescue ArgumentError
      broken("holds a time that is none")
    end

    def date(value)
      text?(value, DATE) ? Date.iso8601(value) : broken("holds a date that is none")
    rescue Date::Error
      broken("holds a date that is none")
    end
end

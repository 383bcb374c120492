# The base of the endpoints for programs: API, badges, feeds, metrics. Errors are problem details (RFC 9457), parameters
# have limits, and clients revalidate with ETags: an unchanged answer is not sent again.
class ProgramsController < ActionController::Base
  include RateLimited

  class BadParameter < StandardError; end

  rescue_from(ActiveRecord::RecordNotFound) { |error| problem :not_found, "there is no such #{error.model&.underscore || "thing"}" }
  rescue_from(BadParameter) { |error| problem :bad_request, error.message }
  rescue_from(ActionController::BadRequest) { problem :bad_request, "the address can't be read" }

  before_action { expires_in 0, public: true, must_revalidate: true }

  private
    def org
      @org ||= Org.find_by!(name: text(:org))
    end

    def package
      @package ||= org.packages.find_by!(name: text(:name))
    end

    # A parameter that is valid text for both databases.
    def text(name)
      params[name].to_s.tap do |text|
        text.valid_encoding? && !text.include?("\0") or raise BadParameter, "#{name} is no text"
      end
    end

    def number(name, range, default)
      return default unless params.key?(name)
      number = Integer(params[name], 10, exception: false) if params[name].is_a?(String)
      number && range.cover?(number) or raise BadParameter, "#{name} is a number from #{range.min} to #{range.max}"
      number
    end

    # Outside of these years SQLite and PostgreSQL compare dates differently.
    DATES = Date.new(1970)..Date.new(2200)

    def date(name)
      return unless params.key?(name)
      text = params[name]
      date = Date.iso8601(text) if text.is_a?(String) && text.match?(/\A\d{4}-\d\d-\d\d\z/)
      date && DATES.cover?(date) or raise Date::Error
      date
    rescue Date::Error
      raise BadParameter, "#{name} is a date such as 2026-05-10"
    end

    # The parameters +from+ and +until+; a missing one is nil.
    def dates
      first, last = date(:from), date(:until)
      first.nil? || last.nil? || first <= last or raise BadParameter, "from is after until"
      [ first, last ]
    end

    def refuse_too_many
      problem :too_many_requests, "too many requests: try again in a minute"
    end

    def problem(status, detail)
      no_store
      code = Rack::Utils.status_code(status)
      render status:, content_type: "application/problem+json",
        json: { type: "about:blank", title: Rack::Utils::HTTP_STATUS_CODES[code], status: code, detail: }
    end
end

# What the addresses for programs have in common: what is wrong is a problem (RFC 9457), parameters have bounds, and
# an answer that has not changed since it was last asked for is not sent again.
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

    # A parameter of the address, as a text that a database takes.
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

    # Beyond these no database counts alike.
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

    # +from+ and +until+, either of them nil where it is not given.
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

# The base of the endpoints for programs: API, badges, feeds, metrics. Errors are problem details (RFC 9457), parameters
# have limits, and clients revalidate with ETags: an unchanged answer is not sent again.
class ProgramsController < ActionController::Base
  # First: refusals have its headers too.
  include CrossOrigin
  include RateLimited
  include ComputingLimited

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

    # One of these names; the first one where the parameter is missing.
    def choice(name, names)
      return names.first unless params.key?(name)
      names.include?(params[name]) or raise BadParameter, "#{name} is #{names.to_sentence(two_words_connector: " or ", last_word_connector: " or ")}"
      params[name]
    end

    def date(name)
      return unless params.key?(name)
      text = params[name]
      date = Date.iso8601(text) if text.is_a?(String) && text.match?(/\A\d{4}-\d\d-\d\d\z/)
      date && ViewState::DATES.cover?(date) or raise Date::Error
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

    # The parameters of +dates+ for a chart, or +range+, as in the pages' addresses: the last days until today.
    def chart_dates(default = "all")
      if params.key?(:from) || params.key?(:until)
        params.key?(:range) and raise BadParameter, "range has from and until beside it: give one or the other"
        first, last = dates
        first.nil? || last.nil? || last - first < Chart::MAX_DAYS or raise BadParameter, "a chart has #{Chart::MAX_DAYS} days at most"
        [ first, last ]
      else
        days = ViewState::RANGES.fetch(choice(:range, [ default, *ViewState::RANGES.keys ].uniq))
        [ (Date.current - days + 1 if days), nil ]
      end
    end

    # A CSV that browsers save as a file.
    def csv(text)
      filename = "#{[ controller_name, params[:org], params[:name] ].compact.join("-").gsub(/[^a-z0-9.-]+/i, "-")}.csv"
      headers["Content-Disposition"] = ActionDispatch::Http::ContentDisposition.format(disposition: "attachment", filename:)
      render plain: text, content_type: "text/csv"
    end

    def picture(svg, status: :ok)
      # Opened by itself an SVG is a document. It needs no resource.
      headers["Content-Security-Policy"] = "default-src 'none'"
      render plain: svg, content_type: "image/svg+xml", status:
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

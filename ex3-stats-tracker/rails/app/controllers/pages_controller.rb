# The base of the dashboard's pages. A page's whole view is in its URL, see ViewState.
class PagesController < ApplicationController
  include RateLimited
  include ComputingLimited

  # The most days that are shown as bars of days, and as bars of weeks, unless a unit is chosen. units.js has the same.
  MAX_DAYS_IN = { "day" => 120, "week" => 1_100 }.freeze

  # A table of more days is slow to render and to send: the CSV has all of them.
  MAX_DAYS_LISTED = 400

  layout "page"
  helper_method :view_state, :unit, :listed_days_range

  rescue_from ActiveRecord::RecordNotFound do |error|
    @missing_model = error.model.underscore
    render "shared/not_found", status: :not_found
  end

  private
    def view_state
      @view_state ||= ViewState.new(request.query_parameters)
    end

    def unit
      @unit ||= view_state[:unit] || MAX_DAYS_IN.find { |_, most| shown_days <= most }&.first || "month"
    end

    # The number of days that the charts show.
    def shown_days
      (view_state.last - [ view_state.first, first_stored_day ].compact.max).to_i + 1
    end

    # The first day that is stored; long ago where nothing is.
    def first_stored_day
      @downloads&.first || Date.current - Chart::MAX_DAYS + 1
    end

    # The days of the tables.
    def listed_days_range
      last = view_state.last
      [ view_state.first, last - MAX_DAYS_LISTED + 1 ].compact.max..last
    end

    # The days of the charts.
    def chart_range
      (view_state.first || @downloads.first || Date.current)..view_state.last
    end

    # The rows of the listed days, and of the last day before them. Rows after today come from a wrong clock.
    def days_of(relation)
      days = listed_days_range
      before = relation.where(date: ...days.begin).select("MAX(date)")
      relation.where("date >= COALESCE((:before), :first)", before:, first: days.begin).where(date: ..days.end)
    end

    # The rows of the table of downloads.
    def buckets
      Downloads::Bucket.list(downloads_by_date, unit, [ listed_days_range.begin, @downloads.first || Date.current ].max, last_of_buckets)
    end

    def comparison
      Downloads::Comparison.new(@downloads, downloads_by_date)
    end

    # The days of the table, and of the periods that are compared.
    def downloads_by_date
      @downloads_by_date ||= @downloads.days([ first_of_buckets, Downloads::Comparison.first_day(@downloads.through || Date.current) ].min..Date.current)
    end

    # The first day of the first week or month, and the last one of the last: a bar has all of its days.
    def first_of_buckets
      Downloads::Bucket.beginning(unit, listed_days_range.begin)
    end

    def last_of_buckets
      [ Downloads::Bucket.ending(unit, listed_days_range.end), Date.current ].min
    end

    def find_org
      # Org.normalizes makes the lookup case-insensitive, as on GitHub.
      Org.find_by!(name: params[:org])
    end
end

# The base of the dashboard's pages. A page's whole view state (range, scale, filter, sorting) is in its URL.
class PagesController < ApplicationController
  include RateLimited

  # The number of days shown, up to today; nil: all of them.
  RANGES = { "30d" => 30, "90d" => 90, "1y" => 365, "all" => nil }.freeze
  SCALES = %w[linear log].freeze
  UNITS = %w[day week month].freeze

  # The most days that are shown as bars of days, and as bars of weeks, unless a unit is chosen. units.js has the same.
  MAX_DAYS_IN = { "day" => 120, "week" => 1_100 }.freeze

  # A table of more days is slow to render and to send: the CSV has all of them.
  MAX_DAYS_LISTED = 400

  layout "page"
  helper_method :range, :scale, :unit, :chosen_unit, :releases, :first_listed_day, :view_params

  rescue_from ActiveRecord::RecordNotFound do |error|
    @missing_model = error.model.underscore
    render "shared/not_found", status: :not_found
  end

  # The parameters of the view state. Links to other views of the page have no others.
  VIEW = %w[range unit scale releases q state sort direction page packages group measure adoption attached versions_sort versions_direction versions_page].freeze

  private

  def view_params
    request.query_parameters.slice(*VIEW).select { |_, value| value.is_a?(String) }
  end

  def range
    @range ||= RANGES.key?(params[:range]) ? params[:range] : "90d"
  end

  def scale
    @scale ||= SCALES.include?(params[:scale]) ? params[:scale] : "linear"
  end

  # The unit that was chosen; nil where it follows the range.
  def chosen_unit
    params[:unit] if UNITS.include?(params[:unit])
  end

  def unit
    @unit ||= chosen_unit || MAX_DAYS_IN.find { |_, most| shown_days <= most }&.first || "month"
  end

  # The number of days that the charts show.
  def shown_days
    [ RANGES[range], stored_days ].compact.min
  end

  # The number of days since the first stored one.
  def stored_days
    first = @downloads&.first
    first ? (Date.current - first).to_i + 1 : Chart::MAX_DAYS
  end

  # Whether releases are marked: "on" or "off".
  def releases
    params[:releases] == "off" ? "off" : "on"
  end

  def first_listed_day
    Date.current - [ RANGES[range] || MAX_DAYS_LISTED, MAX_DAYS_LISTED ].min + 1
  end

  # The days of the charts.
  def chart_range
    first = RANGES[range] ? Date.current - RANGES[range] + 1 : @downloads.first || Date.current
    first..Date.current
  end

  # The rows of the listed days, and of the last day before them. Rows after today come from a wrong clock.
  def days_of(relation)
    before = relation.where(date: ...first_listed_day).select("MAX(date)")
    relation.where("date >= COALESCE((:before), :first)", before:, first: first_listed_day).where(date: ..Date.current)
  end

  # The rows of the table of downloads.
  def buckets
    Downloads::Bucket.list(downloads_by_date, unit, [ first_listed_day, @downloads.first || Date.current ].max, Date.current)
  end

  def comparison
    Downloads::Comparison.new(@downloads, downloads_by_date)
  end

  # The days of the table, and of the periods that are compared.
  def downloads_by_date
    @downloads_by_date ||= begin
      listed = Downloads::Bucket.beginning(unit, first_listed_day)
      @downloads.days([ listed, Downloads::Comparison.first_day(@downloads.through || Date.current) ].min..Date.current)
    end
  end

  def find_org
    # Org.normalizes makes the lookup case-insensitive, as on GitHub.
    Org.find_by!(name: params[:org])
  end
end

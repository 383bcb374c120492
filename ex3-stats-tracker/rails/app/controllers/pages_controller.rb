# The base of the dashboard's pages. A page's whole view state (range, scale, filter, sorting) is in its URL.
class PagesController < ApplicationController
  include RateLimited

  # The number of days shown, up to today; nil: all of them.
  RANGES = { "30d" => 30, "90d" => 90, "1y" => 365, "all" => nil }.freeze
  SCALES = %w[linear log].freeze

  # A table of more days is slow to render and to send: the CSV has all of them.
  MAX_DAYS_LISTED = 400

  layout "page"
  helper_method :range, :scale, :first_listed_day, :view_params

  rescue_from ActiveRecord::RecordNotFound do |error|
    @missing_model = error.model.underscore
    render "shared/not_found", status: :not_found
  end

  # The parameters of the view state. Links to other views of the page have no others.
  VIEW = %w[range scale q state sort direction page packages versions_by versions_page].freeze

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

  def first_listed_day
    Date.current - [ RANGES[range] || MAX_DAYS_LISTED, MAX_DAYS_LISTED ].min + 1
  end

  # Rows after today come from a wrong clock.
  def listed_range
    first_listed_day..Date.current
  end

  def find_org
    # Org.normalizes makes the lookup case-insensitive, as on GitHub.
    Org.find_by!(name: params[:org])
  end
end

# What the dashboard's pages have in common: how they are looked at stands in their addresses, and nothing else matters.
class PagesController < ApplicationController
  include RateLimited

  # Newest days that are shown; nil: all of them.
  RANGES = { "30d" => 30, "90d" => 90, "1y" => 365, "all" => nil }.freeze
  SCALES = %w[linear log].freeze

  # A page that lists more days than this is slow to read and to send: the CSV has all of them.
  MOST_DAYS_LISTED = 400

  layout "page"
  helper_method :range, :scale, :first_listed_day, :looked_at_params

  rescue_from ActiveRecord::RecordNotFound do |error|
    @sought = error.model.underscore
    render "shared/not_found", status: :not_found
  end

  # What a page's address may say about how it is looked at; nothing else goes into its links.
  VIEW = %w[range scale q state sort direction page packages versions_by versions_page].freeze

  private

  def looked_at_params
    request.query_parameters.slice(*VIEW).select { |_, value| value.is_a?(String) }
  end

  def range
    @range ||= RANGES.key?(params[:range]) ? params[:range] : "90d"
  end

  def scale
    @scale ||= SCALES.include?(params[:scale]) ? params[:scale] : "linear"
  end

  def first_listed_day
    Date.current - [ RANGES[range] || MOST_DAYS_LISTED, MOST_DAYS_LISTED ].min + 1
  end

  # Not beyond today, whatever a clock that was wrong has left there.
  def listed_range
    first_listed_day..Date.current
  end

  def find_org
    # A name is found in any case, as on GitHub.
    Org.find_by!(name: params[:org])
  end
end

class Api::ChartsController < ProgramsController
  def show
    first, last = chart_dates
    if params.key?(:name)
      versions = number(:versions, 0..Chart::MAX_VERSIONS, 0)
      chart Chart::OfPackage.new(package, first:, last:, versions:, group:), package, versions, group
    else
      chart Chart::OfOrg.new(org, first:, last:), org
    end
  end

  private
    def group
      return unless params.key?(:group)
      Version::Tags::GROUPS.find { |group| group == params[:group] } or
        raise BadParameter, "group is #{Version::Tags::GROUPS.to_sentence(last_word_connector: " or ")}"
    end

    # The cache's key: every stored reading or failure changes `updated_at` of the record, and each day begins a new chart.
    # The key has the shown days, not the requested ones, so that requests for different ranges can't fill the cache with
    # the same chart.
    def chart(chart, *of)
      key = [ "chart", request.format.symbol, *of, chart.dates, Date.current ]
      return unless stale?(etag: key)

      respond_to do |format|
        format.json { render json: Rails.cache.fetch(key) { chart.to_json } }
        format.csv { csv Rails.cache.fetch(key) { Chart::Table.new(chart.as_json).to_csv } }
      end
    end
end

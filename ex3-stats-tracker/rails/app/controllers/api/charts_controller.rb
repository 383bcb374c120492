class Api::ChartsController < ProgramsController
  def show
    first, last = dates
    first.nil? || last.nil? || last - first < Chart::MAX_DAYS or raise BadParameter, "a chart has #{Chart::MAX_DAYS} days at most"
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
      key = [ "chart", *of, chart.dates, Date.current ]
      render json: Rails.cache.fetch(key) { chart.to_json } if stale?(etag: key)
    end
end

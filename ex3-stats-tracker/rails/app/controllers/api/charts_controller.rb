class Api::ChartsController < ProgramsController
  def show
    first, last = dates
    first.nil? || last.nil? || last - first < Chart::LONGEST or raise BadParameter, "a chart has #{Chart::LONGEST} days at most"
    if params.key?(:name)
      versions = number(:versions, 0..Chart::MOST_VERSIONS, 0)
      chart Chart::OfPackage.new(package, first:, last:, versions:), package, versions
    else
      chart Chart::OfOrg.new(org, first:, last:), org
    end
  end

  private
    # What is written down about a package or an organisation changes it; and another day is another chart.
    # Kept by the days that it shows, not by those that were asked for: nobody fills the cache with the same chart.
    def chart(chart, *of)
      key = [ "chart", *of, chart.dates, Date.current ]
      render json: Rails.cache.fetch(key) { chart.to_json } if stale?(etag: key)
    end
end

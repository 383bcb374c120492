class Api::ChartsController < ProgramsController
  def show
    first, last = dates
    first.nil? || last.nil? || last - first < Chart::LONGEST or raise BadParameter, "a chart has #{Chart::LONGEST} days at most"
    if params.key?(:name)
      versions = number(:versions, 0..Chart::MOST_VERSIONS, 0)
      chart([ package, versions, first, last ]) { Chart::OfPackage.new(package, first:, last:, versions:) }
    else
      chart([ org, first, last ]) { Chart::OfOrg.new(org, first:, last:) }
    end
  end

  private
    # What is written down about a package or an organisation changes it; and another day is another chart.
    def chart(of, &)
      key = [ "chart", *of, Date.current ]
      render json: Rails.cache.fetch(key) { yield.to_json } if stale?(etag: key)
    end
end

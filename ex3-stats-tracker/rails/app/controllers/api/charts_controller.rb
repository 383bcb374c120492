class Api::ChartsController < ProgramsController
  def show
    first, last = dates
    first.nil? || last.nil? || last - first < Chart::LONGEST or raise BadParameter, "a chart has #{Chart::LONGEST} days at most"
    if params.key?(:name)
      versions = number(:versions, 0..Chart::MOST_VERSIONS, 0)
      render json: Chart::OfPackage.new(package, first:, last:, versions:) if stale?(etag: [ package, Date.current, versions, first, last ])
    elsif stale?(etag: [ org, Date.current, first, last ])
      render json: Chart::OfOrg.new(org, first:, last:)
    end
  end
end

# How fast people move to a package's releases.
class Api::AdoptionsController < ProgramsController
  def show
    group, most = choice(:group, Version::Tags::GROUPS), number(:releases, 1..Adoption::MAX_RELEASES, Adoption::MAX_RELEASES)
    # Every list of versions changes `updated_at` of the package.
    key = [ "adoption", request.format.symbol, package, group, most, Date.current ]
    return unless stale?(etag: key)

    respond_to do |format|
      format.json { render json: Rails.cache.fetch(key) { adoption(group, most).to_json } }
      format.csv { csv Rails.cache.fetch(key) { adoption(group, most).to_csv } }
    end
  end

  private
    def adoption(group, most)
      Adoption.new(VersionDownloads.new(package, range: Date.current..Date.current), group:, most:)
    end
end

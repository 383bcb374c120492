# Several packages, also of several organisations, in the same charts: /compare?packages=fluxcd/flagger,fluxcd/flux-cli
class ComparisonsController < PagesController
  # The palette has eight series that can be told apart.
  MAX_SERIES = 8
  MAX_CANDIDATES = 2000

  def show
    names = requested_names
    canonical = names.join(",")
    return redirect_to comparison_path(address_params(packages: canonical.presence)) if params[:packages].to_s != canonical

    @compared = names.first(MAX_SERIES).filter_map { |name| find(name) }
    @missing = names.first(MAX_SERIES) - @compared.map { |package| "#{package.org.name}/#{package.name}" }
    @left_out = names.drop(MAX_SERIES)
    @candidates = Package.listed.joins(:org).order(:name).limit(MAX_CANDIDATES)
      .pluck("orgs.name", "packages.name").map { |org_and_name| org_and_name.join("/") } - names
    @days = by_package_and_date(Package::Day)
    @downloads = by_package_and_date(DailyDownload)
    @earlier = Package::Day.exists?(package: @compared, date: ...first_listed_day)
  end

  private

  # The canonical URL has one parameter with a list. The forms send several parameters, and one to add: these are redirected.
  def requested_names
    names = [ *Array(params[:packages].is_a?(ActionController::Parameters) ? nil : params[:packages]), params[:add] ]
    names.flat_map { |name| name.to_s.scrub.delete("\0").first(10_000).split(",") }.map(&:strip).reject(&:empty?).uniq.first(50)
  end

  # A package's name may contain slashes, an organisation's can't.
  def find(name)
    org, package = name.split("/", 2)
    Package.joins(:org).includes(:org).find_by(name: package.to_s, org: { name: org.downcase })
  end

  def by_package_and_date(model)
    model.where(package: @compared, date: listed_range).group_by(&:package_id)
      .transform_values { |rows| rows.index_by(&:date) }
  end

  def address_params(changes)
    params.permit(:range, :scale).to_h.symbolize_keys.merge(changes)
  end
end

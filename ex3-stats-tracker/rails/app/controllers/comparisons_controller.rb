# Several packages, also of several organisations, on the same axes: /compare?packages=fluxcd/flagger,fluxcd/flux-cli
class ComparisonsController < PagesController
  # As many series as can be told apart.
  MOST = 8
  MOST_CANDIDATES = 2000

  def show
    names = asked_for
    canonical = names.join(",")
    return redirect_to comparison_path(kept(packages: canonical.presence)) if params[:packages].to_s != canonical

    @compared = names.first(MOST).filter_map { |name| find(name) }
    @missing = names.first(MOST) - @compared.map { |package| "#{package.org.name}/#{package.name}" }
    @left_out = names.drop(MOST)
    @candidates = Package.listed.joins(:org).order(:name).limit(MOST_CANDIDATES)
      .pluck("orgs.name", "packages.name").map { |org_and_name| org_and_name.join("/") } - names
    @days = by_package_and_date(Package::Day)
    @downloads = by_package_and_date(DailyDownload)
    @earlier = Package::Day.exists?(package: @compared, date: ...first_listed_day)
  end

  private

  # A list in one parameter, which is the address that stays; a form's several, and the one to add, become it.
  def asked_for
    names = [ *Array(params[:packages].is_a?(ActionController::Parameters) ? nil : params[:packages]), params[:add] ]
    names.flat_map { |name| name.to_s.scrub.delete("\0").first(10_000).split(",") }.map(&:strip).reject(&:empty?).uniq.first(50)
  end

  # An organisation's name holds no slash, a package's may.
  def find(name)
    org, package = name.split("/", 2)
    Package.joins(:org).includes(:org).find_by(name: package.to_s, org: { name: org.downcase })
  end

  def by_package_and_date(model)
    model.where(package: @compared, date: listed_range).group_by(&:package_id)
      .transform_values { |rows| rows.index_by(&:date) }
  end

  def kept(changes)
    params.permit(:range, :scale).to_h.symbolize_keys.merge(changes)
  end
end

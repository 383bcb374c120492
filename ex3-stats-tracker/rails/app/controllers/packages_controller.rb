# A package: its downloads and its total over time, its versions and its failures.
class PackagesController < PagesController
  VERSIONS_A_PAGE = 20
  FAILURES_LISTED = 20
  # More groups than this in one chart are hard to tell apart.
  VERSIONS_DRAWN = 6
  RELEASES_DRAWN = 6

  helper_method :days, :comparison, :buckets, :chart_range, :group, :measure, :adoption, :adoption_measure

  def show
    @org = find_org
    @package = @org.packages.includes(:repository).find_by!(name: params[:name].delete("\0"))
    @downloads = Downloads.of(@package)
    @failures = @package.failures.order(at: :desc).limit(FAILURES_LISTED).to_a
    @failures_in_all = @failures.size < FAILURES_LISTED ? @failures.size : @package.failures.count
    find_versions
  end

  private

  # A helper, so that the query runs only where the page's fragments are not cached.
  def days
    @days ||= days_of(@package.days).index_by(&:date)
  end

  # How the chart of the versions groups them.
  def group
    Version::Tags::GROUPS.include?(params[:group]) ? params[:group] : "version"
  end

  # Whether the chart of the versions shows a "count" or a "share".
  def measure
    params[:measure] == "share" ? "share" : "count"
  end

  # Whether the chart of the releases shows a "share" or a "count".
  def adoption_measure
    params[:adoption] == "count" ? "count" : "share"
  end

  # A helper, so that the query runs only where the page's fragment is not cached.
  def adoption
    @adoption ||= Adoption.new(@version_downloads, group:, most: RELEASES_DRAWN)
  end

  def find_versions
    @version_downloads = VersionDownloads.new(@package, range: chart_range)
    @sort = VersionDownloads::SORTS.key?(params[:versions_sort]) ? params[:versions_sort] : "week"
    @direction = %w[asc desc].include?(params[:versions_direction]) ? params[:versions_direction] : "desc"
    @without_attached = params[:attached] == "off"
    all = @version_downloads.sorted(@sort, @direction)
    @attached_in_all = all.count { |row| row.tags.attached? }
    all = all.reject { |row| row.tags.attached? } if @without_attached
    @versions_in_all = all.size
    @last_page = [ (@versions_in_all.to_f / VERSIONS_A_PAGE).ceil, 1 ].max
    @page = params[:versions_page].to_s.first(6).to_i.clamp(1, @last_page)
    @versions = all[(@page - 1) * VERSIONS_A_PAGE, VERSIONS_A_PAGE]
  end
end

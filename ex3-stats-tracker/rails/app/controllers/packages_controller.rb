# A package: its downloads and its total over time, its versions and its failures.
class PackagesController < PagesController
  VERSIONS_A_PAGE = 20
  FAILURES_LISTED = 20
  # More groups than this in one chart are hard to tell apart.
  VERSIONS_DRAWN = 6
  RELEASES_DRAWN = 6

  helper_method :days, :comparison, :buckets, :chart_range, :adoption

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

    # A helper, so that the query runs only where the page's fragment is not cached.
    def adoption
      @adoption ||= Adoption.new(@version_downloads, group: view_state[:group], most: RELEASES_DRAWN)
    end

    def find_versions
      # The table has the downloads since the first day shown, until the last list.
      @version_downloads = VersionDownloads.new(@package, range: chart_range.begin..Date.current)
      @sort, @direction = view_state[:versions_sort], view_state[:versions_direction]
      @without_attached = view_state[:attached] == "off"
      all = @version_downloads.sorted(@sort, @direction)
      @attached_in_all = all.count { |row| row.tags.attached? }
      all = all.reject { |row| row.tags.attached? } if @without_attached
      @versions_in_all = all.size
      @last_page = [ (@versions_in_all.to_f / VERSIONS_A_PAGE).ceil, 1 ].max
      @page = view_state.page(:versions_page).clamp(1, @last_page)
      @versions = all[(@page - 1) * VERSIONS_A_PAGE, VERSIONS_A_PAGE]
    end
end

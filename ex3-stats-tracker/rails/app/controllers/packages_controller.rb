# A package: its total over time, its daily downloads, its versions and its failures.
class PackagesController < PagesController
  VERSIONS_A_PAGE = 20
  FAILURES_LISTED = 20
  # More lines than this in one chart are hard to tell apart.
  VERSIONS_DRAWN = 6

  helper_method :days, :downloads, :earlier?

  def show
    @org = find_org
    @package = @org.packages.includes(:repository).find_by!(name: params[:name].delete("\0"))
    @failures = @package.failures.order(at: :desc).limit(FAILURES_LISTED).to_a
    @failures_in_all = @failures.size < FAILURES_LISTED ? @failures.size : @package.failures.count
    find_versions
  end

  private

  # Helpers, so that the queries run only where the page's fragments are not cached.
  def days
    @package.days.where(date: listed_range).index_by(&:date)
  end

  def downloads
    @package.daily_downloads.where(date: listed_range).index_by(&:date)
  end

  def earlier?
    @package.days.exists?(date: ...first_listed_day)
  end

  def find_versions
    @versions_in_all = @package.versions.count
    @last_page = [ (@versions_in_all.to_f / VERSIONS_A_PAGE).ceil, 1 ].max
    @page = params[:versions_page].to_s.first(6).to_i.clamp(1, @last_page)
    @by_total = params[:versions_by] == "total"
    order = @by_total ? { total: :desc, id: :asc } : { position: :asc, id: :asc }
    @versions = @package.versions.order(order).limit(VERSIONS_A_PAGE).offset((@page - 1) * VERSIONS_A_PAGE).to_a
  end
end

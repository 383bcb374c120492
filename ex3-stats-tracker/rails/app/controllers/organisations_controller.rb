# An organisation: its total, the state of its collections, and its packages.
class OrganisationsController < PagesController
  # An allow-list: parameters never reach SQL themselves.
  SORTS = {
    "total" => :total, "name" => :name, "day" => :growth_1, "week" => :growth_7, "month" => :growth_30,
    "read" => :measured_at
  }.freeze
  PACKAGES_A_PAGE = 200

  helper_method :days, :comparison, :buckets

  def show
    @org = find_org
    @collection = @org.last_collection
    @failures = @collection ? @collection.failures.group(:kind).count : {}
    @downloads = Downloads.of(@org)
    count_packages
    find_packages
  end

  # Figures begin with the largest, names with A.
  def self.first_direction(sort)
    sort == "name" ? "asc" : "desc"
  end

  private
    # A helper, so that the query runs only where the page's fragment is not cached.
    def days
      @days ||= days_of(@org.days).index_by(&:date)
    end

    def count_packages
      listed, failing, gone = @org.packages.pick(*[ "vanished_at IS NULL", "vanished_at IS NULL AND failing_since IS NOT NULL",
        "vanished_at IS NOT NULL" ].map { |condition| Arel.sql("COUNT(CASE WHEN #{condition} THEN 1 END)") })
      @counts = { "listed" => listed, "failing" => failing, "gone" => gone }
    end

    def find_packages
      @sort, @state, @filter = view_state[:sort], view_state[:state], view_state[:q].to_s
      @direction = view_state[:direction] || self.class.first_direction(@sort)
      found = filtered(@org.packages.public_send({ "listed" => :listed, "failing" => :failing, "gone" => :vanished }[@state]))
      @found = @filter.empty? ? @counts[@state] : found.count
      @last_page = [ (@found.to_f / PACKAGES_A_PAGE).ceil, 1 ].max
      @page = view_state.page.clamp(1, @last_page)
      @packages = found.includes(:repository).order(order, :id).limit(PACKAGES_A_PAGE).offset((@page - 1) * PACKAGES_A_PAGE)
    end

    def filtered(packages)
      return packages if @filter.empty?
      like = "%#{Package.sanitize_sql_like(@filter.downcase)}%"
      packages.left_joins(:repository)
        .where("LOWER(packages.name) LIKE :like ESCAPE '\\' OR LOWER(repositories.name) LIKE :like ESCAPE '\\'", like:)
    end

    def order
      column = Package.arel_table[SORTS.fetch(@sort)]
      (@direction == "asc" ? column.asc : column.desc).nulls_last
    end
end

# Several packages, also of several organisations, in the same charts: /compare?packages=fluxcd/flagger,fluxcd/flux-cli
class ComparisonsController < PagesController
  # The palette has eight series that can be told apart.
  MAX_SERIES = 8
  MAX_CANDIDATES = 2000

  def show
    names = requested_names
    canonical = names.join(",")
    return redirect_to comparison_path(**view_state.common, packages: canonical.presence) if params[:packages].to_s != canonical

    @compared = names.first(MAX_SERIES).filter_map { |name| find(name) }
    @missing = names.first(MAX_SERIES) - @compared.map { |package| "#{package.org.name}/#{package.name}" }
    @left_out = names.drop(MAX_SERIES)
    @candidates = Package.listed.joins(:org).order(:name).limit(MAX_CANDIDATES)
      .pluck("orgs.name", "packages.name").map { |org_and_name| org_and_name.join("/") } - names
    @days = days_by_package
    @buckets = buckets_by_package
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

    # The rows of the listed days by package and date, and the last one before them.
    def days_by_package
      days_of(Package::Day.where(package: @compared)).group_by(&:package_id).transform_values { |rows| rows.index_by(&:date) }
    end

    # The rows of the table of downloads, with a bucket for each package.
    def buckets_by_package
      days = DailyDownload.where(package: @compared, date: first_of_buckets..last_of_buckets).group_by(&:package_id).transform_values do |rows|
        rows.to_h { |row| [ row.date, Downloads::Day.new(count: row.count, settled: row.settled, partial: 0) ] }
      end
      first = [ listed_days_range.begin, days.values.flat_map(&:keys).min || Date.current ].max
      Downloads::Bucket.rows(@compared.map { |package| days[package.id] || {} }, unit, first, last_of_buckets)
    end

    def first_stored_day
      @first_stored_day ||= [ Package::Day, DailyDownload ].filter_map { |model| model.where(package: @compared).minimum(:date) }.min || super
    end
end

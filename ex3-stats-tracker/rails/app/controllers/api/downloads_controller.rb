# A package's downloads on each day, or those of all packages of an organisation together.
class Api::DownloadsController < Api::TableController
  OF_PACKAGE = { date: :date, count: :count, settled: :settled }.transform_values(&:to_proc)

  self.keys = %i[date]

  private
    def relation
      between_dates(package? ? package.daily_downloads : downloads.by_date, :date)
    end

    # The days until today are expected of each package.
    def state = package? ? package : [ packages_state, Date.current ]

    # packages: the number of packages with a count on the day. partial: how many more there were, of which the day's whole
    # count is not known.
    def columns
      return OF_PACKAGE if package?

      @columns ||= { date: :date.to_proc, count: ->(row) { day(row).count }, settled: ->(row) { day(row).settled },
        packages: ->(row) { row.packages }, partial: ->(row) { day(row).partial } }
    end

    def day(row)
      downloads.day(row)
    end

    def downloads
      @downloads ||= Downloads.of(org)
    end

    def envelope = package? ? super.merge(package: package.name) : super
    def package? = params.key?(:name)
end

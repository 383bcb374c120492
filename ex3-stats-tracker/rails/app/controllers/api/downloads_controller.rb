class Api::DownloadsController < Api::TableController
  table keys: :date, columns: { date: :date, count: :count, settled: :settled }

  private
    def relation = between_dates(package.daily_downloads, :date)
    def envelope = super.merge(package: package.name)
end

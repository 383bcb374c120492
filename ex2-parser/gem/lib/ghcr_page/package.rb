# frozen_string_literal: true

module GhcrPage
  # The downloads of one day.
  # @!attribute date
  #   @return [Date] the day in UTC
  # @!attribute count
  #   @return [Integer]
  DailyDownloads = Struct.new(:date, :count)

  # The download counts of a package page.
  # @!attribute total
  #   @return [Integer] the downloads of all versions since the package exists
  # @!attribute daily
  #   @return [Array<DailyDownloads>] the last 30 days, newest first; empty where the page has no chart
  Package = Struct.new(:total, :daily) do
    # @private
    def self.from(total, days)
      new(total, days.map { |year, month, day, count| DailyDownloads.new(Date.new(year, month, day), count) })
    end
  end
end

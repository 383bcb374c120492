# frozen_string_literal: true

module GhcrPage
  # Pulls on one day.
  # @!attribute date
  #   @return [Date] the day, in GitHub's time zone
  # @!attribute count
  #   @return [Integer]
  DailyDownloads = Struct.new(:date, :count)

  # What a package page says about downloads.
  # @!attribute total
  #   @return [Integer] how often any version was ever pulled
  # @!attribute daily
  #   @return [Array<DailyDownloads>] the last 30 days, newest first; empty where the page has no chart
  Package = Struct.new(:total, :daily) do
    # @private
    def self.from(total, days)
      new(total, days.map { |year, month, day, count| DailyDownloads.new(Date.new(year, month, day), count) })
    end
  end
end

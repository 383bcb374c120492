# A package's downloads on one day, from the newest page that showed the day.
class DailyDownload < ApplicationRecord
  belongs_to :package

  scope :chronological, -> { order(:date) }
  scope :settled, -> { where(settled: true) }
end

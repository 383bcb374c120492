# How often a package was downloaded on a day, as the newest page that showed the day said.
class DailyDownload < ApplicationRecord
  belongs_to :package

  scope :chronological, -> { order(:date) }
  scope :settled, -> { where(settled: true) }
end

# A package's day: its last total and its failures. Pages read these rows, because there are far fewer than measurements.
class Package::Day < ApplicationRecord
  self.table_name = "package_days"

  belongs_to :package

  scope :chronological, -> { order(:date) }
end

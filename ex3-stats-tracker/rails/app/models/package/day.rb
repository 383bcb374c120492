# A package's day: its last total, and what failed. Pages are drawn from these instead of from every measurement.
class Package::Day < ApplicationRecord
  self.table_name = "package_days"

  belongs_to :package

  scope :chronological, -> { order(:date) }
end

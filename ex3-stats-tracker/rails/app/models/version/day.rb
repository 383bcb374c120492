# A version's total on a day on which it changed.
class Version::Day < ApplicationRecord
  self.table_name = "version_days"

  belongs_to :version

  scope :chronological, -> { order(:date) }
end

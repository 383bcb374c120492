# A version's total on a day on which it was another than before.
class Version::Day < ApplicationRecord
  self.table_name = "version_days"

  belongs_to :version

  scope :chronological, -> { order(:date) }
end

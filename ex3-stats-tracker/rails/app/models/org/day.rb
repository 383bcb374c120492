# An organisation's day: the sum of its packages' totals at the day's end.
class Org::Day < ApplicationRecord
  self.table_name = "org_days"

  belongs_to :org

  scope :chronological, -> { order(:date) }
end

# A package's total at a time.
class Measurement < ApplicationRecord
  belongs_to :package
  belongs_to :collection, optional: true

  scope :chronological, -> { order(:at) }
end

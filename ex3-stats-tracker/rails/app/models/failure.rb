# A measurement that could not be made, with its kind. It is never drawn as 0.
class Failure < ApplicationRecord
  # The component's kinds, and three of this application. component_failed: the answer broke the contract, or there was
  # none. out_of_range: a count does not fit the database. interrupted: the collection was not resumed in time.
  KINDS = %w[
    rate_limited not_found markup_changed unreachable timed_out too_large bad_request
    component_failed out_of_range interrupted
  ].freeze

  # An organisation's list, a package's total, or a package's versions.
  ABOUT = %w[list total versions].freeze

  belongs_to :org
  belongs_to :package, optional: true
  belongs_to :collection, optional: true

  scope :chronological, -> { order(:at) }
end

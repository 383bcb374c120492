# A measurement that could not be made, with its kind. It is never drawn as 0.
class Failure < ApplicationRecord
  # The component's kinds, and three of our own: it did not answer as it should; it answered with a count beyond what
  # is stored; the pass was interrupted and not resumed in time.
  KINDS = %w[
    rate_limited not_found markup_changed unreachable timed_out too_large bad_request
    component_failed out_of_range interrupted
  ].freeze

  # What could not be read: an organisation's list, a package's total, or its versions.
  ABOUT = %w[list total versions].freeze

  belongs_to :org
  belongs_to :package, optional: true
  belongs_to :collection, optional: true

  scope :chronological, -> { order(:at) }
end

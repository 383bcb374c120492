# One pass over an organisation's packages.
class Collection < ApplicationRecord
  # running: under way, or killed. stopped: at a rate limit or an outage, to be resumed. finished: every package has its
  # outcome. abandoned: not resumed in time.
  STATES = %w[running stopped finished abandoned].freeze

  belongs_to :org
  has_many :failures, dependent: :nullify

  scope :chronological, -> { order(:started_at) }
  scope :unfinished, -> { where(finished_at: nil) }
end

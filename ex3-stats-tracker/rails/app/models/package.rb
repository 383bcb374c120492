# A container package: its latest figures, and its history.
class Package < ApplicationRecord
  include Growing, Recording

  belongs_to :org
  belongs_to :repository, optional: true
  belongs_to :collection, optional: true

  has_many :versions, dependent: :delete_all
  has_many :measurements, dependent: :delete_all
  has_many :failures, dependent: :delete_all
  has_many :daily_downloads, dependent: :delete_all
  has_many :days, class_name: "Package::Day", dependent: :delete_all

  scope :ordered, -> { order(:position, :name) }
  scope :listed, -> { where(vanished_at: nil) }
  # The packages of the last list. A package that it lacks is not requested, and has not vanished yet.
  scope :on_list, -> { listed.where(missed_at: nil) }
  scope :vanished, -> { where.not(vanished_at: nil) }
  scope :failing, -> { where.not(failing_since: nil) }

  def vanished?
    vanished_at?
  end

  # Whether the organisation was read later without this package, so that its growth over so many days has ended.
  def unread_since?(days)
    measured_at? && org.measured_at? && measured_at < org.measured_at - NEAR[days]
  end

  def missed?
    missed_at? && !vanished?
  end

  def failing?
    failing_since?
  end

  # Whether its total stood still when it was last read, and rounds leave it out meanwhile.
  def resting?(at = Time.current)
    resting_until? && !failing? && !vanished? && at < resting_until + Pace::TOLERANCE
  end

  def fell?
    fell_at?
  end

  # The daily downloads that the page last showed, of 30 days, oldest first. The last day is `recent_until`; it was not
  # over when the page was read.
  def recent
    super || []
  end
end

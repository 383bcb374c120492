# A tagged version of a package. It may have several tags.
class Version < ApplicationRecord
  belongs_to :package

  has_many :days, class_name: "Version::Day", dependent: :delete_all

  scope :ordered, -> { order(:position) }
  scope :listed, -> { where(vanished_at: nil) }

  # A release as semantic versioning writes it, with or without a v, and without a pre-release's suffix.
  RELEASE = /\Av?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?\z/

  # The versions that are searched for the newest release. A release has a newer date than most of the others.
  NEWEST = 500

  # The tag of the highest release among the newest versions; otherwise the first tag of the newest one; nil where none is
  # known.
  def self.newest_release
    tags = listed.ordered.limit(NEWEST).pluck(:tags)
    releases = tags.flatten.filter_map { |tag| (match = RELEASE.match(tag)) && [ match.captures.map(&:to_i), tag ] }
    releases.max_by(&:first)&.last || tags.first&.first
  end

  def vanished?
    vanished_at?
  end

  # The time of its last reading. +measured_at+ is older where nothing has changed since: such a row is not written again.
  def last_read_at
    vanished? ? measured_at : package.versions_measured_at
  end

  # What a version is, by its tags.
  def kind
    Tags.new(tags).kind
  end
end

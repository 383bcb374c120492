# An organisation or a user on GitHub whose packages are tracked.
class Org < ApplicationRecord
  include Growing, Growth, Listing, Summing

  SOURCES = %w[github.com stand-in].freeze

  # GitHub's account names have at most 39 characters, and their case does not matter.
  NAME = /[A-Za-z0-9][A-Za-z0-9-]{0,38}/

  has_many :packages, dependent: :delete_all
  has_many :collections, dependent: :delete_all
  has_many :failures, dependent: :delete_all
  has_many :milestones, dependent: :delete_all
  has_many :days, class_name: "Org::Day", dependent: :delete_all
  has_many :notifications, dependent: :delete_all
  has_many :notification_events, class_name: "Notification::Event", dependent: :delete_all

  normalizes :name, with: ->(name) { name.to_s.downcase }

  validates :name, format: { with: /\A#{NAME}\z/o, message: "is no name of an account on GitHub" }
  validates :source, inclusion: { in: SOURCES }

  # The organisation by that name. An organisation keeps its first source, so that invented figures are never mixed with
  # real ones.
  def self.track(name, source:)
    find_or_create_by!(name:) { |org| org.source = source }.tap do |org|
      org.source == source or raise OtherSource, "#{org.name}'s figures come from #{org.source}, not from #{source}: " \
        "give the other source a database of its own"
    end
  end

  class OtherSource < StandardError; end
  class Unknown < StandardError; end

  scope :ordered, -> { order(:name) }

  def to_param
    name
  end

  # Whether the figures are invented. Every page, badge and export with such figures says so.
  def stand_in?
    source == "stand-in"
  end

  def vanished?
    vanished_at?
  end

  # Whether all packages rest.
  def resting?
    listed = packages.listed.to_a
    listed.any? && listed.all?(&:resting?)
  end

  def last_collection
    collections.where(started_at: ..Clock.latest_plausible).order(:started_at).last
  end

  # The last collection that read the list and was not stopped.
  def last_success
    collections.where(state: "finished", reason: nil, started_at: ..Clock.latest_plausible).order(:started_at).last
  end
end

# An organisation or a user on GitHub whose packages are tracked.
class Org < ApplicationRecord
  include Growing

  SOURCES = %w[github.com stand-in].freeze

  # GitHub gives out account names of at most 39 characters and takes them in any case.
  NAME = /[A-Za-z0-9][A-Za-z0-9-]{0,38}/

  has_many :packages, dependent: :delete_all
  has_many :collections, dependent: :delete_all
  has_many :failures, dependent: :delete_all
  has_many :days, class_name: "Org::Day", dependent: :delete_all

  normalizes :name, with: ->(name) { name.to_s.downcase }

  validates :name, format: { with: /\A#{NAME}\z/o, message: "is no name of an account on GitHub" }
  validates :source, inclusion: { in: SOURCES }

  scope :ordered, -> { order(:name) }

  def to_param
    name
  end

  # Whether the figures are invented, which every place that shows them says.
  def stand_in?
    source == "stand-in"
  end

  def vanished?
    vanished_at?
  end

  def last_collection
    collections.order(:started_at).last
  end
end

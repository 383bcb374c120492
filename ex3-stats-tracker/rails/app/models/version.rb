# A tagged version of a package. It may have several tags.
class Version < ApplicationRecord
  belongs_to :package

  has_many :days, class_name: "Version::Day", dependent: :delete_all

  scope :ordered, -> { order(:position) }
  scope :listed, -> { where(vanished_at: nil) }

  def vanished?
    vanished_at?
  end

  # What a version is, by its tags.
  def kind
    Tags.new(tags).kind
  end
end

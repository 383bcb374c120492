# A repository that packages are connected to, as owner/repository.
class Repository < ApplicationRecord
  has_many :packages, dependent: :nullify

  # The ids of these repositories; new ones are inserted.
  def self.ids_by_name(names)
    names = names.uniq
    names.each_slice(1000) { |slice| insert_all(slice.map { |name| { name: } }, unique_by: :name) }
    where(name: names).pluck(:name, :id).to_h
  end
end

# A repository that packages are connected to, as owner/repository.
class Repository < ApplicationRecord
  has_many :packages, dependent: :nullify
end

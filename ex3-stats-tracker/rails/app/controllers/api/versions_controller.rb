class Api::VersionsController < Api::TableController
  table keys: %i[position id], columns: {
    id: :github_id, tags: :tags, total: :total, measured_at: :last_read_at, vanished_at: :vanished_at
  }

  private
    def relation = package.versions
    def envelope = super.merge(package: package.name)
end

# Writing down an organisation's list of packages.
module Org::Listing
  extend ActiveSupport::Concern

  # What the list no longer holds has vanished once a second pass has not seen it: GitHub's lists were seen to lose a row
  # between two of their pages. Packages are never removed, nor is their history.
  def list(listed, at:)
    transaction do
      repository_ids = Repository.ids_by_name(listed.filter_map(&:repository))
      listed.each_with_index.each_slice(1000) do |slice|
        packages.upsert_all(slice.map { |package, position|
          { name: package.name, repository_id: repository_ids[package.repository], position:, listed_at: at, missed_at: nil, vanished_at: nil }
        }, unique_by: %i[org_id name])
      end
      miss packages.listed.where(listed_at: nil).or(packages.listed.where.not(listed_at: at)), at
      update!(packages_count: listed.size, vanished_at: nil)
    end
  end

  # Writes down that the list could not be read.
  def record_failure(problem, at:, collection: nil)
    transaction do
      failure = failures.find_or_initialize_by(package_id: nil, about: "list", at:)
      failure.update!(collection:, kind: problem.kind, detail: problem.detail) if failure.new_record?
      update!(vanished_at: vanished_at || at) if problem.kind == "not_found"
    end
  end

  # Forgets an organisation of which GitHub never showed anything: its name was mistyped.
  def forget_if_unknown
    return unless vanished? && packages.none?

    destroy!
    raise Org::Unknown, "GitHub shows nobody an organisation or user #{name}"
  end

  private
    # A pass that is resumed reads the list again, and is still one.
    def miss(packages, at)
      pass_began = collections.unfinished.maximum(:started_at) || at
      packages.where(missed_at: ...pass_began).update_all(vanished_at: at, updated_at: Time.current)
      packages.where(missed_at: nil).update_all(missed_at: at, updated_at: Time.current)
    end
end

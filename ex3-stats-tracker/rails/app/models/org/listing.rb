# Storing an organisation's list of packages.
module Org::Listing
  extend ActiveSupport::Concern

  # A package counts as vanished after two collections whose lists lack it: GitHub's lists sometimes lose a row between two
  # of their pages. Packages and their history are never deleted.
  def list(listed, at:)
    transaction do
      repository_ids = Repository.ids_by_name(listed.filter_map(&:repository))
      listed.each_with_index.each_slice(1000) do |slice|
        packages.upsert_all(slice.map { |package, position|
          { name: package.name, repository_id: repository_ids[package.repository], position:, listed_at: at, missed_at: nil, vanished_at: nil }
        }, unique_by: %i[org_id name])
      end
      mark_missed packages.listed.where(listed_at: nil).or(packages.listed.where.not(listed_at: at)), at
      update!(packages_count: listed.size, vanished_at: nil)
    end
  end

  # Stores that the list could not be read.
  def record_failure(problem, at:, collection: nil)
    transaction do
      failure = failures.find_or_initialize_by(package_id: nil, about: "list", at:)
      failure.update!(collection:, kind: problem.kind, detail: problem.detail) if failure.new_record?
      # updated_at changes in any case: clients have lists without this failure.
      update!(updated_at: Time.current, **(problem.kind == "not_found" ? { vanished_at: vanished_at || at } : {}))
    end
  end

  # An organisation that GitHub never showed was probably mistyped.
  def destroy_if_unknown
    return unless vanished? && packages.none?

    destroy!
    raise Org::Unknown, "GitHub has no organisation or user #{name}"
  end

  private
    # The start of the collection separates its list from the one before: a resumed collection reads the list again.
    def mark_missed(packages, at)
      collection_start = collections.unfinished.maximum(:started_at) || at
      packages.where(missed_at: ...collection_start).update_all(vanished_at: at, updated_at: Time.current)
      packages.where(missed_at: nil).update_all(missed_at: at, updated_at: Time.current)
    end
end

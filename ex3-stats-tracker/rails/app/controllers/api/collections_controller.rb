class Api::CollectionsController < Api::TableController
  table keys: :started_at, columns: {
    started_at: :started_at, finished_at: :finished_at, state: :state, reason: :reason, detail: :detail,
    retry_at: :retry_at, seconds: :seconds, runs: :runs, listed: :packages_listed, read: :packages_read,
    failed: :packages_failed, resting: :packages_resting, not_asked: :not_asked
  }

  private
    # Only the newest collection changes. Its counters do so without `updated_at`.
    def state = [ org, org.collections.order(:started_at).last&.attributes.to_json ]
    def relation = between_dates(org.collections, :started_at, time: true)
end

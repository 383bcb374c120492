class CreateRequestTimes < ActiveRecord::Migration[7.2]
  def change
    # One row for each source: with PostgreSQL its collectors share the pause between two requests, see
    # Collection::RateLimiter.
    create_table :request_times do |t|
      t.string :source, null: false, index: { unique: true }
      # No request begins earlier.
      t.datetime :next_at, null: false
    end
  end
end

class CreateTables < ActiveRecord::Migration[7.2]
  # The unique indexes make a second write of the same row fail or update it: a collection that is killed and resumed
  # stores nothing twice.
  def change
    # An upsert compares values, and PostgreSQL can compare jsonb but not json.
    json = connection.adapter_name == "PostgreSQL" ? :jsonb : :json

    create_table :orgs do |t|
      t.string :name, null: false, index: { unique: true }
      t.string :source, null: false
      t.bigint :total
      t.integer :packages_count, null: false, default: 0
      t.bigint :growth_1
      t.bigint :growth_7
      t.bigint :growth_30
      t.bigint :growth_365
      t.datetime :measured_at
      t.datetime :vanished_at
      t.timestamps
    end

    create_table :repositories do |t|
      t.string :name, null: false, index: { unique: true }
      t.timestamps
    end

    create_table :collections do |t|
      t.references :org, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.string :state, null: false
      t.string :reason
      t.string :detail
      t.datetime :started_at, null: false
      t.datetime :finished_at
      t.datetime :retry_at
      t.float :seconds, null: false, default: 0
      t.integer :runs, null: false, default: 1
      t.integer :packages_listed
      t.integer :packages_read, null: false, default: 0
      t.integer :packages_failed, null: false, default: 0
      t.timestamps
      t.index %i[org_id started_at], unique: true
      # At most one collection of an organisation is unfinished.
      t.index :org_id, unique: true, where: "finished_at IS NULL", name: "index_collections_on_unfinished_org"
    end

    create_table :packages do |t|
      t.references :org, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.references :repository, foreign_key: true
      # The last collection that has measured or failed this package. A resumed collection requests the packages with any
      # other value.
      t.references :collection, foreign_key: { on_delete: :nullify }
      t.string :name, null: false
      t.integer :position, null: false, default: 0
      t.bigint :total
      t.bigint :growth_1
      t.bigint :growth_7
      t.bigint :growth_30
      t.bigint :growth_365
      t.column :recent, json
      t.date :recent_until
      t.datetime :measured_at
      t.datetime :versions_measured_at
      t.datetime :fell_at
      t.bigint :fell_from
      t.datetime :failing_since
      t.string :failure_kind
      t.datetime :listed_at
      t.datetime :vanished_at
      t.timestamps
      t.index %i[org_id name], unique: true
      t.index %i[org_id position]
    end

    create_table :versions do |t|
      t.references :package, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.bigint :github_id, null: false
      t.column :tags, json, null: false
      t.integer :position, null: false, default: 0
      t.bigint :total, null: false
      t.datetime :measured_at, null: false
      t.datetime :vanished_at
      t.timestamps
      t.index %i[package_id github_id], unique: true
      t.index %i[package_id total]
    end

    create_table :measurements do |t|
      t.references :package, null: false, index: false, foreign_key: { on_delete: :cascade }
      # Not indexed: no query uses it, and there are millions of rows.
      t.references :collection, index: false, foreign_key: { on_delete: :nullify }
      t.datetime :at, null: false
      t.bigint :total, null: false
      t.boolean :fell, null: false, default: false
      t.index %i[package_id at], unique: true
    end

    create_table :failures do |t|
      t.references :org, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.references :package, index: false, foreign_key: { on_delete: :cascade }
      t.references :collection, foreign_key: { on_delete: :nullify }
      t.datetime :at, null: false
      t.string :about, null: false
      t.string :kind, null: false
      t.string :detail, null: false
      t.index %i[package_id about at], unique: true, where: "package_id IS NOT NULL"
      t.index %i[org_id about at], unique: true, where: "package_id IS NULL", name: "index_failures_on_org_alone"
      t.index %i[org_id at]
    end

    create_table :daily_downloads do |t|
      t.references :package, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.date :date, null: false
      t.bigint :count, null: false
      t.datetime :read_at, null: false
      t.boolean :settled, null: false
      t.index %i[package_id date], unique: true
    end

    # The time of the first reading above a round number.
    create_table :milestones do |t|
      t.references :org, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.references :package, index: false, foreign_key: { on_delete: :cascade }
      t.bigint :threshold, null: false
      t.datetime :at, null: false
      t.index %i[package_id threshold], unique: true, where: "package_id IS NOT NULL"
      t.index %i[org_id threshold], unique: true, where: "package_id IS NULL", name: "index_milestones_on_org_alone"
      t.index %i[org_id at]
    end

    # One row a day, for the pages: measurements are too many to read.
    create_table :package_days do |t|
      t.references :package, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.date :date, null: false
      t.bigint :total
      t.datetime :measured_at
      t.boolean :fell, null: false, default: false
      t.boolean :versions_read, null: false, default: false
      t.integer :failures, null: false, default: 0
      t.string :failure_kind
      t.index %i[package_id date], unique: true
    end

    create_table :org_days do |t|
      t.references :org, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.date :date, null: false
      t.bigint :total
      t.integer :packages_read, null: false, default: 0
      t.integer :packages_stale, null: false, default: 0
      t.integer :failures, null: false, default: 0
      t.string :failure_kind
      t.index %i[org_id date], unique: true
    end

    # A version's total on the days on which it changed.
    create_table :version_days do |t|
      t.references :version, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.date :date, null: false
      t.bigint :total, null: false
      t.index %i[version_id date], unique: true
    end
  end
end

class CreateNotifications < ActiveRecord::Migration[7.2]
  def change
    json = connection.adapter_name == "PostgreSQL" ? :jsonb : :json

    # A message: a week's summary, or events of one kind that one collection found.
    create_table :notifications do |t|
      t.references :org, null: false, foreign_key: { on_delete: :cascade }
      t.string :kind, null: false
      t.datetime :at, null: false
      t.column :data, json, null: false
      t.datetime :created_at, null: false
    end

    # Each event once. Those without a notification are older than the notifications of their organisation.
    create_table :notification_events do |t|
      t.references :org, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.references :notification, foreign_key: { on_delete: :nullify }
      t.string :key, null: false
      t.datetime :at
      t.index %i[org_id key], unique: true
    end

    # A notification for one receiver.
    create_table :notification_deliveries do |t|
      t.references :notification, null: false, index: false, foreign_key: { on_delete: :cascade }
      t.string :receiver, null: false
      t.string :token, null: false
      t.string :state, null: false, default: "pending"
      t.integer :attempts, null: false, default: 0
      t.datetime :next_attempt_at, null: false
      t.datetime :sent_at
      t.string :error
      t.datetime :created_at, null: false
      t.index %i[notification_id receiver], unique: true
      t.index :next_attempt_at, where: "state = 'pending'"
    end
  end
end

# An event of an organisation, which is told at most once.
class Notification::Event < ApplicationRecord
  self.table_name = "notification_events"

  belongs_to :org
  belongs_to :notification, optional: true

  # Rows in one statement.
  SLICE = 1_000

  # Stores the findings that are not stored yet, and returns their keys.
  def self.add(org, findings)
    findings.each_slice(SLICE).flat_map { |slice|
      rows = slice.map { |finding| { org_id: org.id, key: finding.key, at: finding.at } }
      insert_all(rows, unique_by: %i[org_id key], returning: %w[key]).rows.flatten
    }.to_set
  end
end

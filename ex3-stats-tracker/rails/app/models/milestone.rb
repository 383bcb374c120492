# A round number (1, 2 or 5 with zeros) that a package's or an organisation's total has passed.
class Milestone < ApplicationRecord
  # The downloads of an image's own builds reach smaller numbers.
  SMALLEST = 1_000

  belongs_to :org
  belongs_to :package, optional: true

  scope :newest_first, -> { order(at: :desc, threshold: :desc, id: :desc) }

  # Stores the milestones between two totals. Nothing is stored for the first total: the time at which it passed smaller
  # milestones is unknown.
  def self.record(org_id:, from:, to:, at:, package_id: nil)
    return unless from && to && to > from

    rows = between(from, to).map { |threshold| { org_id:, package_id:, threshold:, at: } }
    # The earliest time counts: an earlier reading may be stored later, and a clock may have been ahead.
    upsert_all(rows, unique_by: package_id ? %i[package_id threshold] : :index_milestones_on_org_alone,
      on_duplicate: Arel.sql("at = CASE WHEN excluded.at < milestones.at THEN excluded.at ELSE milestones.at END")) if rows.any?
  end

  # The milestones above +from+ and up to +to+.
  def self.between(from, to)
    (3..18).flat_map { |zeros| [ 1, 2, 5 ].map { |digit| digit * 10**zeros } }
      .select { |number| number > from && number <= to && number >= SMALLEST }
  end
end

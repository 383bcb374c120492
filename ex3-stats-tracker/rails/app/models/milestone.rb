# A round number that a package's or an organisation's total was seen to have passed: 1, 2 or 5 with zeros.
class Milestone < ApplicationRecord
  # Below it, every image that is pulled by its own build passes one.
  SMALLEST = 1_000

  belongs_to :org
  belongs_to :package, optional: true

  scope :newest_first, -> { order(at: :desc, threshold: :desc, id: :desc) }

  # Writes down what was passed on the way from one total to the next. Of the first total nobody knows when it passed
  # what lies below it.
  def self.passed(org_id:, from:, to:, at:, package_id: nil)
    return unless from && to && to > from

    rows = between(from, to).map { |threshold| { org_id:, package_id:, threshold:, at: } }
    # Seen to be passed earlier, where what was read first is written down last, or a clock was ahead.
    upsert_all(rows, unique_by: package_id ? %i[package_id threshold] : :index_milestones_on_org_alone,
      on_duplicate: Arel.sql("at = CASE WHEN excluded.at < milestones.at THEN excluded.at ELSE milestones.at END")) if rows.any?
  end

  # The round numbers above the one and up to the other.
  def self.between(from, to)
    (3..18).flat_map { |zeros| [ 1, 2, 5 ].map { |digit| digit * 10**zeros } }
      .select { |number| number > from && number <= to && number >= SMALLEST }
  end
end

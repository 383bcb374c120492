class TellWhatGrowthLeavesOut < ActiveRecord::Migration[7.2]
  def change
    json = connection.adapter_name == "PostgreSQL" ? :jsonb : :json

    # By span: what the sum of the packages' growth leaves out, and how much those it counts had before.
    add_column :orgs, :growth_left_out, json
    # What the page had counted of the measurement's own day by then. Later pages say more of that day.
    add_column :measurements, :day_count, :bigint
    # The first list that was read without the package; after a second one it has vanished.
    add_column :packages, :missed_at, :datetime
  end
end

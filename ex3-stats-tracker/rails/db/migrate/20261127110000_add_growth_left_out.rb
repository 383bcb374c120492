class AddGrowthLeftOut < ActiveRecord::Migration[7.2]
  def change
    json = connection.adapter_name == "PostgreSQL" ? :jsonb : :json

    # By span: what the sum of the packages' growth leaves out, and the counted packages' total before.
    add_column :orgs, :growth_left_out, json
    # The page's downloads of the measurement's own day, which was not over. Later pages show more of it.
    add_column :measurements, :day_count, :bigint
    # The time of the first list that lacks the package; after a second one the package counts as vanished.
    add_column :packages, :missed_at, :datetime
  end
end

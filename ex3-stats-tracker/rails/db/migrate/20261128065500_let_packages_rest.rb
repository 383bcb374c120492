class LetPackagesRest < ActiveRecord::Migration[7.2]
  # The time since which each total stands still, as far as is known.
  BEGINNINGS = <<~SQL
    UPDATE packages SET moved_at = COALESCE(
      (SELECT MIN(measured_at) FROM package_days WHERE package_id = packages.id AND total = packages.total AND NOT imported
        AND date > COALESCE((SELECT MAX(date) FROM package_days WHERE package_id = packages.id AND total <> packages.total), '0001-01-01')),
      measured_at)
  SQL

  def up
    # The first reading with the total of now.
    add_column :packages, :moved_at, :datetime
    # Until then rounds leave the package out, because its total stands still.
    add_column :packages, :resting_until, :datetime
    # Of the listed packages, those that the collection left out for this reason.
    add_column :collections, :packages_resting, :integer, null: false, default: 0
    execute BEGINNINGS
  end

  def down
    remove_column :packages, :moved_at
    remove_column :packages, :resting_until
    remove_column :collections, :packages_resting
  end
end

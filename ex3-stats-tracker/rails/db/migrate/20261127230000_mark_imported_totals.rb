class MarkImportedTotals < ActiveRecord::Migration[7.2]
  def change
    # The day's total was imported from a file. No measurement has it, and a later reading of the day replaces it.
    add_column :package_days, :imported, :boolean, null: false, default: false
    # The number of packages whose total of the day was imported.
    add_column :org_days, :packages_imported, :integer, null: false, default: 0
  end
end

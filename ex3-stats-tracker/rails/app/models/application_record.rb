class ApplicationRecord < ActiveRecord::Base
  primary_abstract_class

  # Writes rows, and what is there already is updated as +set+ says; +conflict+ is the unique columns. One statement
  # for all of them, without making a record of each: a pass writes some 70 rows for each package.
  def self.write(rows, conflict:, set:)
    return if rows.empty?

    columns = rows.first.keys
    values = rows.map { |row| "(#{row.values.map { |value| connection.quote(value) }.join(", ")})" }
    connection.update "INSERT INTO #{quoted_table_name} (#{columns.join(", ")}) VALUES #{values.join(", ")} " \
      "ON CONFLICT (#{conflict}) DO UPDATE SET #{set}", "#{name} Write"
  end
end

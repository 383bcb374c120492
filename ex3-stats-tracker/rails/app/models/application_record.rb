class ApplicationRecord < ActiveRecord::Base
  primary_abstract_class

  # Writes rows, and what is there already is updated as +set+ says; +conflict+ is the unique columns. One statement
  # for all of them, without making a record of each: a pass writes some 70 rows for each package.
  def self.write(rows, conflict:, set:)
    return if rows.empty?

    columns = rows.first.keys
    # The same days and times stand in many of them.
    quoted = Hash.new { |texts, value| texts[value] = connection.quote(value) }
    values = rows.map { |row| "(#{row.values.map { |value| value.is_a?(Integer) ? value.to_s : quoted[value] }.join(", ")})" }
    connection.update "INSERT INTO #{quoted_table_name} (#{columns.join(", ")}) VALUES #{values.join(", ")} " \
      "ON CONFLICT (#{conflict}) DO UPDATE SET #{set}", "#{name} Write"
  end
end

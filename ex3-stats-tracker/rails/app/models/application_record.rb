class ApplicationRecord < ActiveRecord::Base
  primary_abstract_class

  # Upserts rows: +conflict+ names the unique columns, +set+ the assignments of DO UPDATE. One statement for all rows and
  # no record for each, because a collection writes some 70 rows for each package.
  def self.write(rows, conflict:, set:)
    return if rows.empty?

    columns = rows.first.keys
    # The same days and times occur in many rows.
    quoted = Hash.new { |texts, value| texts[value] = lease_connection.quote(value) }
    values = rows.map { |row| "(#{row.values.map { |value| value.is_a?(Integer) ? value.to_s : quoted[value] }.join(", ")})" }
    lease_connection.update "INSERT INTO #{quoted_table_name} (#{columns.join(", ")}) VALUES #{values.join(", ")} " \
      "ON CONFLICT (#{conflict}) DO UPDATE SET #{set}", "#{name} Write"
  end
end

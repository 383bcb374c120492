class ApplicationRecord < ActiveRecord::Base
  primary_abstract_class

  # Upserts rows: +conflict+ names the unique columns, +set+ the assignments of DO UPDATE. One statement for all rows and
  # no record for each, because a collection writes some 70 rows for each package.
  def self.write(rows, conflict:, set:)
    return if rows.empty?

    columns = rows.first.keys
    lease_connection.update "INSERT INTO #{quoted_table_name} (#{columns.join(", ")}) VALUES #{values_list(rows.map(&:values))} " \
      "ON CONFLICT (#{conflict}) DO UPDATE SET #{set}", "#{name} Write"
  end

  # The rows, each an array, as SQL's list after VALUES.
  def self.values_list(rows)
    # The same days and times occur in many rows.
    quoted = Hash.new { |texts, value| texts[value] = lease_connection.quote(value) }
    rows.map { |row| "(#{row.map { |value| value.is_a?(Integer) ? value.to_s : quoted[value] }.join(", ")})" }.join(", ")
  end
end

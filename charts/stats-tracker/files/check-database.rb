# Checks the rights of the database's users: the reader may only read, the owner is no superuser. Exits with 1 otherwise.
require "pg"

owner = PG.connect(ENV.fetch("OWNER_URL"), connect_timeout: 10)
reader = PG.connect(ENV.fetch("READER_URL"), connect_timeout: 10)

tables = owner.exec("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").column_values(0)
abort "the database has no tables: look at the migration's logs" if tables.empty?

tables.each do |table|
  name = reader.quote_ident(table)
  reader.exec("SELECT 1 FROM #{name} LIMIT 1")
  # The reader may set its transactions to read-write, but that gives no right to write.
  reader.exec("BEGIN READ WRITE")
  begin
    reader.exec("DELETE FROM #{name} WHERE false")
    abort "the reader may delete from #{table}"
  rescue PG::InsufficientPrivilege
    reader.exec("ROLLBACK")
  end
end
puts "The reader reads #{tables.size} tables and writes none."

reader.exec("BEGIN READ WRITE")
begin
  reader.exec("CREATE TABLE readers_own ()")
  abort "the reader may make tables"
rescue PG::InsufficientPrivilege
  reader.exec("ROLLBACK")
  puts "The reader makes no tables."
end

abort "the owner is a superuser" if owner.exec("SHOW is_superuser").getvalue(0, 0) == "on"
puts "The owner is no superuser."

# Starts PostgreSQL, and creates its files before, if the volume has none. It needs no more of an image than PostgreSQL's
# programs and a shell.
set -eu

if [ ! -e "$PGDATA" ]; then
  # Under another name, so that files of an interrupted creation are never taken for a database.
  rm -rf "$PGDATA.new"
  # A builtin locale does not depend on the image's libc, so that another image does not corrupt indexes.
  initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 --data-checksums
  mv "$PGDATA.new" "$PGDATA"
fi

# A volume that was restored or moved may have got the rights of its group, with which PostgreSQL does not start.
chmod 0700 "$PGDATA"
exec postgres -c listen_addresses='*' -c hba_file=/etc/stats-tracker/pg_hba.conf -c unix_socket_directories=/var/run/postgresql

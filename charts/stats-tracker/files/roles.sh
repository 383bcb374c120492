# Creates the database's users as soon as the server answers. Kubernetes runs this after every start of the container, and
# restarts the container if it fails. The Unix socket needs no password; only this container has it.
for attempt in $(seq 300); do
  if psql --quiet --username postgres --dbname stats_tracker --file /etc/stats-tracker/roles.sql; then
    exit 0
  fi
  sleep 1
done
echo "the database did not take its users in 300 seconds; the last line above says why" >&2
exit 1

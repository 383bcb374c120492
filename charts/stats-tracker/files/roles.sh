# Gives the database its users as soon as it answers: run by Kubernetes after every start of the container, which ends
# it where this fails. The socket lets the superuser in; it is nobody's but this container's.
for attempt in $(seq 300); do
  if psql --quiet --username postgres --dbname stats_tracker --file /etc/stats-tracker/roles.sql; then
    exit 0
  fi
  sleep 1
done
echo "the database did not take its users in 300 seconds; the last line above says why" >&2
exit 1

# Creates the database and its users as soon as the server answers. Kubernetes runs this after every start of the container,
# and restarts the container if it fails. So the passwords are always those of the Secret: the volume may be that of an
# earlier release.
for attempt in $(seq 300); do
  if psql --no-psqlrc --quiet --username=postgres --dbname=postgres --file=/etc/stats-tracker/database.sql; then
    exit 0
  fi
  sleep 1
done
echo "the database did not take its users in 300 seconds; the last line above says why" >&2
exit 1

#!/bin/sh
# The prerequisites of production: a database and the Secrets; run from the repository's root. The README of deploy/ shows
# the regions.
set -eu

# region: database
export OWNER_PASSWORD="$(openssl rand -hex 32)" READER_PASSWORD="$(openssl rand -hex 32)"

psql --host="$DATABASE_HOST" --username="${DATABASE_ADMINISTRATOR:-postgres}" --dbname=postgres \
  --file=charts/stats-tracker/files/database.sql
# endregion: database

# region: secrets
kubectl create namespace stats-tracker
kubectl --namespace stats-tracker create secret generic stats-tracker-rails \
  --from-literal=secret-key-base="$(openssl rand -hex 64)"
# endregion: secrets

# region: addresses
kubectl --namespace stats-tracker create secret generic stats-tracker-database --dry-run=client --output=yaml \
  --from-literal=owner-url="postgresql://stats_tracker_owner:$OWNER_PASSWORD@$DATABASE_HOST/stats_tracker" \
  --from-literal=reader-url="postgresql://stats_tracker_reader:$READER_PASSWORD@$DATABASE_HOST/stats_tracker" |
  kubectl apply --filename -
# endregion: addresses

#!/bin/sh
# The two Secrets that production expects. The README beside it says whence the addresses.
set -eu

# region: create
kubectl create namespace stats-tracker
kubectl --namespace stats-tracker create secret generic stats-tracker-rails \
  --from-literal=secret-key-base="$(openssl rand -hex 64)"
kubectl --namespace stats-tracker create secret generic stats-tracker-database \
  --from-literal=owner-url="$OWNER_URL" --from-literal=reader-url="$READER_URL"
# endregion: create

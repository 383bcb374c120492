#!/bin/sh
# From an empty cluster to the dashboard with Helm alone; run from the repository's root. The README shows the regions.
set -eu

# region: install
CHART=${CHART:-charts/stats-tracker}

helm install stats-tracker "$CHART" --namespace stats-tracker --create-namespace \
  --set 'orgs={fluxcd}' --set github.contact=you@example.org --set collector.onInstall=true --wait --timeout 10m
# endregion: install

# region: wait
kubectl --namespace stats-tracker wait --for=condition=Complete --timeout=30m \
  job --selector=app.kubernetes.io/component=collector
# endregion: wait

# region: look
kubectl --namespace stats-tracker port-forward service/stats-tracker-web 8080:80
# endregion: look

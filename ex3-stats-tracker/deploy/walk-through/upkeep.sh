#!/bin/sh
# Maintenance of an installed tracker; run from the repository's root. The README shows the regions.
set -eu

# region: upgrade
CHART=${CHART:-charts/stats-tracker}

helm upgrade stats-tracker "$CHART" --namespace stats-tracker --reset-then-reuse-values --wait --timeout 10m
# endregion: upgrade

# region: backup
kubectl --namespace stats-tracker exec statefulset/stats-tracker-database -- \
  pg_dump --username=postgres --format=custom stats_tracker > stats-tracker.dump
# endregion: backup

# region: suspend-flux
kubectl --namespace stats-tracker patch helmrelease/stats-tracker --type=merge --patch '{"spec": {"suspend": true}}'
# endregion: suspend-flux

# region: restore
kubectl --namespace stats-tracker patch cronjob/stats-tracker-collect --patch '{"spec": {"suspend": true}}'
kubectl --namespace stats-tracker delete job --selector=app.kubernetes.io/component=collector --cascade=foreground
kubectl --namespace stats-tracker exec --stdin statefulset/stats-tracker-database -- \
  pg_restore --username=postgres --dbname=stats_tracker --clean --if-exists --single-transaction < stats-tracker.dump
kubectl --namespace stats-tracker patch cronjob/stats-tracker-collect --patch '{"spec": {"suspend": false}}'
# endregion: restore

# region: resume-flux
kubectl --namespace stats-tracker patch helmrelease/stats-tracker --type=merge --patch '{"spec": {"suspend": false}}'
# endregion: resume-flux

# region: retry
now=$(date +%s)
kubectl --namespace stats-tracker annotate helmrelease/stats-tracker --overwrite \
  "reconcile.fluxcd.io/requestedAt=$now" "reconcile.fluxcd.io/resetAt=$now"
# endregion: retry

# region: rotate
kubectl --namespace stats-tracker rollout restart deployment/stats-tracker-web
kubectl --namespace stats-tracker rollout status deployment/stats-tracker-web --timeout=5m
# endregion: rotate

# region: remove
helm uninstall stats-tracker --namespace stats-tracker --wait
kubectl delete namespace stats-tracker
# endregion: remove

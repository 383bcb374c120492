#!/bin/sh
# From an empty cluster to the tracker with Flux; run from the repository's root. The README shows the regions.
set -eu

# region: install
FLUX_OPERATOR=${FLUX_OPERATOR:-oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator}
CLUSTER=${CLUSTER:-staging}

helm install flux-operator "$FLUX_OPERATOR" --version 0.59.0 --namespace flux-system --create-namespace --wait
kubectl apply --filename "ex3-stats-tracker/deploy/clusters/$CLUSTER/flux-instance.yaml"
# endregion: install

# region: wait
kubectl --namespace flux-system wait --for=condition=Ready fluxinstance/flux --timeout=5m
kubectl --namespace flux-system wait --for=create kustomization/apps --timeout=5m
kubectl --namespace flux-system wait --for=condition=Ready kustomization/apps --timeout=30m
# endregion: wait

# region: look-at-flux
kubectl --namespace flux-system port-forward service/flux-operator 9080
# endregion: look-at-flux

#!/bin/sh
# From an empty cluster to the tracker on SpinKube; run from the repository's root. The README shows the regions, followed
# by `wait` and `look` of helm.sh.
set -eu

# region: nodes
helm install runtime-class-manager oci://ghcr.io/spinframework/charts/runtime-class-manager --version 0.2.0 \
  --namespace runtime-class-manager --create-namespace --wait

kubectl apply --filename ex3-stats-tracker/deploy/infrastructure/spinkube/shim/staging/shim.yaml
kubectl label node --all spin=true
kubectl wait --for=jsonpath='{.metadata.labels.spin-v2}'=provisioned node --all --timeout=3m
# endregion: nodes

# region: operator
helm install cert-manager oci://quay.io/jetstack/charts/cert-manager --version v1.21.2 \
  --namespace cert-manager --create-namespace --set crds.enabled=true --wait

kubectl apply --server-side \
  --filename https://github.com/spinframework/spin-operator/releases/download/v0.6.1/spin-operator.crds.yaml
helm install spin-operator oci://ghcr.io/spinframework/charts/spin-operator --version 0.6.1 \
  --namespace spin-operator --create-namespace --wait
# endregion: operator

# region: install
CHART=${CHART:-charts/stats-tracker}

helm install stats-tracker "$CHART" --namespace stats-tracker --create-namespace \
  --set 'orgs={fluxcd}' --set github.contact=you@example.org --set collector.onInstall=true \
  --set component.mode=spinkube --wait --timeout 10m
# endregion: install

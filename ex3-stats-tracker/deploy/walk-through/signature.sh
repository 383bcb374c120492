#!/bin/sh
# The public key that the chart's signature is verified with; run from the repository's root. The README of deploy/ shows the
# region.
set -eu

# region: key
KEY=${KEY:-cosign.pub}

kubectl --namespace stats-tracker create secret generic cosign-public-keys --from-file="$KEY"
# endregion: key

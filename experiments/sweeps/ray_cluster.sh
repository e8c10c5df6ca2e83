#!/usr/bin/env bash
# A sweep on a Ray cluster (pip install -r requirements-ray.txt on every node). The working directory must be on a file
# system that all nodes share.
#
#   experiments/sweeps/ray_cluster.sh [--dry_run] [--gpus=1] ...
#
# RAY_ADDRESS is the cluster's; auto, the default, is the one that this machine belongs to (ray start --head).
set -euo pipefail
cd "$(dirname "$0")/../.."

exec python launch.py --experiment=lstm_vs_gru --workdir=runs/sweep_ray \
  --executor=ray --ray_address="${RAY_ADDRESS:-auto}" --cpus=1 \
  --grid.model.layers=1,2 \
  "$@"

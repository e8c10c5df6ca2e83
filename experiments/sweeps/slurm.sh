#!/usr/bin/env bash
# A sweep as an array of Slurm jobs (pip install -r requirements-slurm.txt). Preempted jobs are queued again and go on.
# Start it where it can stay until the end (tmux, or a job of its own): the jobs stop when it does.
#
#   PARTITION=gpu experiments/sweeps/slurm.sh [--dry_run] [--workers=16] [--gpus=1] ...
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${PARTITION:?partition to submit to}"

exec python launch.py --experiment=lstm_vs_gru --workdir=runs/sweep_slurm \
  --executor=slurm --slurm="partition=$PARTITION,timeout_min=${MINUTES:-240}" --workers=8 --cpus=2 \
  --grid.model.layers=1,2 \
  "$@"

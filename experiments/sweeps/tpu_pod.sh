#!/usr/bin/env bash
# A random search as one program over all chips of a TPU pod slice. Every worker of the pod runs the same command;
# jax.distributed.initialize() finds the others, trials are packed over all chips, worker 0 keeps the records.
#
#   TPU_NAME=my-pod ZONE=us-central2-b experiments/sweeps/tpu_pod.sh [--dry_run] ...
#
# REPO is where the repository and its packages lie on every worker, WORKDIR where worker 0 writes: on a disk that
# outlives the slice, so that after a preemption the same command goes on.
set -euo pipefail
: "${TPU_NAME:?name of the TPU}" "${ZONE:?zone of the TPU}"
REPO=${REPO:-rnn_research}
WORKDIR=${WORKDIR:-runs/sweep_tpu_pod}

launch=(python launch.py --experiment=lstm_vs_gru --workdir="$WORKDIR" --distributed=auto
  --grid.optimizer.learning_rate='log(1e-4,1e-1)'
  --grid.optimizer.clip_norm='log(0.1,10)'
  --random=20
  "$@")

exec gcloud compute tpus tpu-vm ssh "$TPU_NAME" --zone="$ZONE" --worker=all \
  --command="cd $(printf '%q' "$REPO") && $(printf '%q ' "${launch[@]}")"

#!/usr/bin/env bash
# A sweep on this machine, a worker process for each core or accelerator: does the comparison of cells hold for other
# learning rates and widths? Flags of launch.py may follow, --dry_run to see what would be done.
#
#   experiments/sweeps/local.sh [--dry_run] [--seeds=10] ...
#
# Run it again after any kill: it goes on.
set -euo pipefail
cd "$(dirname "$0")/../.."

exec python launch.py --experiment=lstm_vs_gru --workdir=runs/sweep_local --executor=processes \
  --config.task='adding(length=100)' \
  --grid.optimizer.learning_rate='log(1e-3,1e-2,3)' \
  --grid.model.cell.hidden=16,32 \
  "$@"

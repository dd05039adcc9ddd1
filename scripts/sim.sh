#!/usr/bin/env bash
# Simulation: `sim.sh` runs ten times the seeds that CI runs, `sim.sh SEED` replays one, `sim.sh SEED N` runs N from there.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh
need cc

[ $# -gt 0 ] || set -- 1 10000
export POSTHORN_SIM_SEED=$1 POSTHORN_SIM_SEEDS=${2:-1}
exec cargo test ${LOCKED---locked} --release -p posthorn-engine --test sim -- --nocapture

#!/usr/bin/env bash
# Servers that are killed and disks that lose their power: chaos.sh [--kills N] [--cuts N] [--postgres N] [--seed S].
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh
source scripts/postgres.sh

CHAOS_KILLS=200 CHAOS_CUTS=1000 CHAOS_POSTGRES=50 CHAOS_SEED=1
while [ $# -gt 0 ]; do
  case $1 in
    --kills | --cuts | --postgres | --seed) [[ ${2:-} =~ ^[0-9]+$ ]] || die "$1 needs a whole number" ;;
    *) die "chaos has no '$1'; there are --kills N, --cuts N, --postgres N and --seed S" ;;
  esac
  name=${1#--}
  declare "CHAOS_${name^^}=$2"
  shift 2
done
export CHAOS_KILLS CHAOS_CUTS CHAOS_POSTGRES CHAOS_SEED

need cc
[ "$CHAOS_POSTGRES" = 0 ] || postgres_start
# With debug assertions; what dies and what is measured here is no speed. One part at a time, so that a line is one part's.
cargo test -q ${LOCKED---locked} -p posthorn --test chaos -- --nocapture --test-threads 1 kills:: cuts:: nodes::

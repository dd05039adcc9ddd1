#!/usr/bin/env bash
# A shop of a million orders and products: its lists, its searches and its feed, on a database of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh
need cc python3

cargo build -q ${LOCKED---locked} --release -p posthorn
exec python3 scripts/shop.py --program "${CARGO_TARGET_DIR:-target}/release/posthorn" "$@"

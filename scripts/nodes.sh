#!/usr/bin/env bash
# Three servers on a throw-away PostgreSQL that keeps its word (fsync), and everything that can happen to them.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh
source scripts/postgres.sh
need cc python3

[ -z "${TEST_POSTGRES:-}" ] || die "./x nodes restarts its PostgreSQL, so it brings its own: unset TEST_POSTGRES"
POSTGRES_SETTINGS="-c fsync=on" postgres_start
cargo build -q ${LOCKED---locked} --release -p posthorn
restart="$POSTGRES_BIN/pg_ctl -D $POSTGRES_DIR/data -w -l $POSTGRES_DIR/log restart"
[ "$(id -u)" != 0 ] || restart="runuser -u postgres -- $restart"
python3 scripts/nodes.py --program "${CARGO_TARGET_DIR:-target}/release/posthorn" --database "$TEST_POSTGRES" --restart "$restart" "$@"

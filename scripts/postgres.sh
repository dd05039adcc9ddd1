# shellcheck shell=bash
# A throw-away PostgreSQL 15 for the tests: a cluster in a directory of its own, gone when the shell ends; and before it
# a PgBouncer.

POSTGRES_BIN=/usr/lib/postgresql/15/bin

postgres_need() {
  [ -x "$POSTGRES_BIN/initdb" ] && return
  apt_install postgresql-15
  [ -x "$POSTGRES_BIN/initdb" ] || die "postgresql-15 was installed, but there is no $POSTGRES_BIN/initdb"
}

# PostgreSQL refuses to run as root.
postgres_run() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

postgres_stop() {
  [ -z "${PGBOUNCER_DIR:-}" ] || kill "$(cat "$PGBOUNCER_DIR/pid")" 2>/dev/null || true
  [ -z "${POSTGRES_DIR:-}" ] ||
    postgres_run "$POSTGRES_BIN/pg_ctl" -D "$POSTGRES_DIR/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "${POSTGRES_DIR:-}" "${PGBOUNCER_DIR:-}"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

postgres_start() {  # exports TEST_POSTGRES; one that is set already is used as it is
  [ -z "${TEST_POSTGRES:-}" ] || return 0
  postgres_need
  POSTGRES_DIR=$(mktemp -d)
  trap postgres_stop EXIT
  [ "$(id -u)" != 0 ] || chown postgres "$POSTGRES_DIR"
  local port said
  port=$(free_port)
  said=$(cd / && postgres_run "$POSTGRES_BIN/initdb" -D "$POSTGRES_DIR/data" -U posthorn --auth=trust -E UTF8 --no-locale 2>&1) ||
    die "initdb failed: $said"
  # What is thrown away need not survive a power cut.
  said=$(cd / && postgres_run "$POSTGRES_BIN/pg_ctl" -D "$POSTGRES_DIR/data" -w -l "$POSTGRES_DIR/log" start -o "-p $port \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c max_connections=300 ${POSTGRES_SETTINGS:-}" 2>&1) ||
    die "PostgreSQL did not start: $said"
  export TEST_POSTGRES=postgres://posthorn@127.0.0.1:$port
}

pgbouncer_start() {  # after postgres_start; exports TEST_PGBOUNCER; one that is set already is used as it is
  [ -z "${TEST_PGBOUNCER:-}" ] || return 0
  local port said behind=${TEST_POSTGRES##*@}
  port=$(free_port)
  PGBOUNCER_DIR=$(mktemp -d)
  trap postgres_stop EXIT
  cat >"$PGBOUNCER_DIR/ini" <<INI
[databases]
* = host=${behind%:*} port=${behind##*:} user=posthorn
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
pidfile = $PGBOUNCER_DIR/pid
logfile = $PGBOUNCER_DIR/log
auth_type = any
pool_mode = transaction
default_pool_size = 8
max_client_conn = 2000
server_idle_timeout = 2
INI
  [ "$(id -u)" != 0 ] || chown -R postgres "$PGBOUNCER_DIR"
  said=$(cd / && postgres_run pgbouncer -q -d "$PGBOUNCER_DIR/ini" 2>&1) || die "PgBouncer did not start: $said"
  export TEST_PGBOUNCER=postgres://posthorn@127.0.0.1:$port
}

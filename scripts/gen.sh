#!/usr/bin/env bash
# Writes the generated files, or with --check says whether they are what the program would write now.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh
need cc

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cargo build -q ${LOCKED---locked} -p posthorn
posthorn=${CARGO_TARGET_DIR:-target}/debug/posthorn
"$posthorn" openapi >"$fresh/openapi.json" </dev/null
"$posthorn" openapi --markdown >"$fresh/api.md" </dev/null
"$posthorn" config docs >"$fresh/config.md" </dev/null

for name in openapi.json api.md config.md; do
  [ -s "$fresh/$name" ] || die "the program printed nothing for docs/$name"
  if [ "${1:-}" != --check ]; then
    cp "$fresh/$name" "docs/$name"
  elif ! diff -u "docs/$name" "$fresh/$name" | head -n 40; then
    die "docs/$name is not what the program prints now: run ./x gen"
  fi
done

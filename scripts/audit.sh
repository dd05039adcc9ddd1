#!/usr/bin/env bash
# Licences, banned and doubled crates, sources, spelling. Slow the first time: the two tools are built from source.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh
need cc

cargo deny --version >/dev/null 2>&1 || cargo install cargo-deny --locked
typos --version >/dev/null 2>&1 || cargo install typos-cli --locked
cargo deny --locked check bans licenses sources
typos

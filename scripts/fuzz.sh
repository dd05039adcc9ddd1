#!/usr/bin/env bash
# `fuzz.sh TARGET [SECONDS]` looks for bytes that break one property of crates/fuzz; `fuzz.sh` alone runs each target for a minute.
# What it learns is kept in target/fuzz-corpus. An input that fails is written to fuzz/artifacts: put it into fuzz/corpus/TARGET
# under a name that says what it shows, and `./x test` replays it from then on.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/need.sh
need cc c++

cargo +nightly --version >/dev/null 2>&1 || die "libFuzzer needs a nightly compiler: rustup toolchain install nightly --profile minimal"
cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked

mapfile -t targets < <(sed -n 's/^name = "\([a-z_]*\)"$/\1/p' fuzz/Cargo.toml)
[ $# = 0 ] || targets=("$1")
# The versions that were tested are the ones that are fuzzed; cargo adds libfuzzer-sys.
cp Cargo.lock fuzz/Cargo.lock
for target in "${targets[@]}"; do
  [ -d "fuzz/corpus/$target" ] || die "there is no target '$target': see fuzz/Cargo.toml"
  mkdir -p "target/fuzz-corpus/$target"
  # No sanitizer: none of our code is unsafe, and without one it is several times as fast.
  cargo +nightly fuzz run -s none --target-dir target/fuzz "$target" "target/fuzz-corpus/$target" "fuzz/corpus/$target" -- \
    -max_total_time="${2:-60}" -max_len=4096 -timeout=20
done

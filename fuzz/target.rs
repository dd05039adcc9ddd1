//! libFuzzer's way into one property of `crates/fuzz`: the one that this binary is named for.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let target = posthorn_fuzz::target(env!("CARGO_BIN_NAME")).expect("a target of that name");
    (target.holds_for)(bytes);
});

//! The receiving side, met with requests that nobody signed.

use posthorn_core::contract::Tolerance;

use crate::line;
use crate::signature::contract;

/// A secret that no input is signed with.
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// Lines: contract, clock, then headers until an empty line, then the body: whatever the headers
/// say, it is not genuine.
pub(crate) fn genuine(bytes: &[u8]) {
    let (name, rest) = line(bytes);
    let (clock, mut rest) = line(rest);
    let contract = contract(name);
    let mut headers = Vec::new();
    loop {
        let (header, after) = line(rest);
        rest = after;
        match header.split_once(':') {
            Some((name, value)) => headers.push((name.trim(), value.trim())),
            None => break,
        }
    }
    let clock = Tolerance::new(clock.parse().unwrap_or(1_795_305_600), i64::MAX);
    let verdict = contract.verify(&headers, rest, SECRET, clock);
    assert!(verdict.is_err(), "{} takes what nobody signed", contract.name);
    assert!(contract.verify(&headers, rest, "", clock).is_err(), "an empty secret");
}

//! However much a receiver sends, the server's memory has a bound.

use crate::posthorn::text;
use crate::stage::attempts;

use super::program::Ground;

/// Answers that would fill any memory, or that are never whole.
const GREEDY: [&str; 10] = [
    "endless/body",
    "endless/headers",
    "endless/header",
    "endless/chunks",
    "endless/chunk-extension",
    "huge/length",
    "many/cookies",
    "gzip/bomb",
    "gzip/endless",
    "drip/body?ms=5",
];
/// How many endpoints each of them has.
const OF_EACH: usize = 40;
/// What each of so many tries at once may cost at most, with its row and its answer on record.
const BYTES_MAX_OF_A_TRY: u64 = 160 * 1024;

/// The most memory that a process has had, in bytes.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.expect("a number of kB") * 1024
}

#[test]
fn hundreds_of_endless_huge_and_compressed_answers_at_once_stay_within_a_bound() {
    let ground = Ground::new();
    let plain = ground.plain.url("by path");
    for path in GREEDY {
        for number in 0..OF_EACH {
            let mark = if path.contains('?') { '&' } else { '?' };
            let url = format!("{plain}/{path}{mark}number={number}");
            ground.endpoint(&url, "impatient", "payment.created");
        }
    }
    let before = peak(ground.server.child.id());
    let accepted = ground.merchant.event("payment.created", r#"{"order": 1}"#);
    ground.merchant.advance("1s");
    let tries = GREEDY.len() * OF_EACH;
    let deliveries = accepted["deliveries"].as_array().expect("a list");
    assert_eq!(deliveries.len(), tries);
    for delivery in deliveries {
        let delivery = ground.merchant.get(&format!("/v1/deliveries/{}", text(delivery, "/id")));
        assert_eq!(attempts(&delivery).len(), 1, "{delivery:#}");
    }
    let grown = peak(ground.server.child.id()) - before;
    println!("{tries} greedy answers at once: {} KiB more", grown / 1024);
    let bound = BYTES_MAX_OF_A_TRY * tries as u64;
    assert!(grown < bound, "{} KiB more, at most {} KiB", grown / 1024, bound / 1024);
}

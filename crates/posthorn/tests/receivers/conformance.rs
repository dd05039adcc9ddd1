//! What the guides print, against a fresh sandbox: each request as curl, and the webhooks that follow through a verifier that
//! is written as the guide's own. What was seen becomes the table in docs/conformance.md; a difference fails the run.

mod krxscale;
mod page;
mod pagtracker;
mod payqi;
mod sentinelgate;
mod techcorp;
mod template;

use std::path::Path;

const BEGIN: &str = "<!-- requests: printed by the test `conformance`; do not edit -->\n";
const END: &str = "<!-- requests: end -->\n";

#[expect(clippy::disallowed_methods, reason = "only the tests' own switch, no setting")]
fn is_to_be_written() -> bool {
    std::env::var_os("WRITE_CONFORMANCE").is_some()
}

#[test]
fn every_request_that_a_guide_prints_gets_its_answer_and_its_webhooks_verify() {
    // Given a fresh sandbox for each guide, when its requests are sent and its payers pay
    let pages = [
        techcorp::page(),
        sentinelgate::page(),
        payqi::page(),
        pagtracker::page(),
        krxscale::page(),
    ];
    // Then everything was answered as printed (each page fails otherwise), and the document says so
    let seen = pages.map(|page| page.printed()).join("\n");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let document = std::fs::read_to_string(&file).expect("docs/conformance.md");
    let (before, rest) = document.split_once(BEGIN).expect("where the table begins");
    let (kept, after) = rest.split_once(END).expect("where the table ends");
    if kept == seen {
        return;
    }
    if is_to_be_written() {
        let whole = [before, BEGIN, &seen, END, after].concat();
        return std::fs::write(&file, whole).expect("docs/conformance.md can be written");
    }
    panic!(
        "docs/conformance.md says something else than was seen; run this test with \
         WRITE_CONFORMANCE=1, and review the difference. Seen:\n{seen}"
    );
}

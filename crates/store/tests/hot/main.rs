//! Any story of hot verbs, told to the batches and to the plain verbs, each on a PostgreSQL database of its
//! own: the answers are the same, and so is every row in the end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod meeting;
mod stage;
mod told;

use posthorn_store::conformance::throw_away::database;
use posthorn_store::postgres::{Options, Postgres};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use stage::Stage;
use told::a_step;

#[test]
fn batches_answer_and_write_what_the_plain_verbs_do() {
    let (one, other) = (database(), database());
    let hot = Postgres::open(&Options::new(&one)).unwrap();
    let plain = Postgres::open(&Options { batches: false, ..Options::new(&other) }).unwrap();
    let config =
        ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let stories = proptest::collection::vec(a_step(), 1..24);
    TestRunner::new(config)
        .run(&stories, |story| {
            let mut stage = Stage::new((&hot, &one), (&plain, &other));
            for step in &story {
                stage.tell(step);
            }
            stage.compare();
            Ok(())
        })
        .unwrap();
    let batches = hot.batches();
    assert!(
        batches.verbs > 0 && batches.left * 2 < batches.verbs,
        "they decide by themselves: {batches:?}"
    );
    assert!(batches.batches < batches.verbs, "many at once: {batches:?}");
    assert_eq!(plain.batches().verbs, 0);
}

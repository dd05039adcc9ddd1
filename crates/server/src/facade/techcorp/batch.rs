//! Batches: up to 100 in one request ("Batch operations when possible"), under `data` or as a bare array. One with an `id` is
//! changed, one without is made. They are carried out in their order, and each is answered for itself, in that order: as it would
//! be alone, or with the `error` it would have had. A batch counts as one request; repeated under its `Idempotency-Key`, nothing is
//! made or changed twice, and what was refused is tried again.

use bytes::Bytes;
use posthorn_engine::{Caller, RequestKey};
use serde::{Deserialize, Serialize};

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::body::{BATCH_BYTES_MAX, Sent};
use crate::decode;
use crate::items::{Items, Reached, is_bare};
use crate::problem::{Problem, ProblemDocument};

/// Items in one batch, at most.
const ITEMS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an array, or an object with `data`")]
struct BatchIn<'a> {
    #[serde(borrow)]
    data: Items<'a, ITEMS_MAX>,
}

/// What says whether an item is there already.
#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

/// What came of each item.
#[derive(Serialize)]
pub(super) struct BatchOut<T> {
    data: Vec<Outcome<T>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<T> {
    Done(T),
    Refused { error: ProblemDocument },
}

/// An item of a batch.
pub(super) struct Item {
    /// Its text.
    text: Bytes,
    /// Which one it is, if it is there already.
    pub(super) id: Option<String>,
    /// The batch's idempotency key, for it alone.
    pub(super) key: Option<RequestKey>,
}

impl Item {
    /// What is asked of it.
    pub(super) fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        decode::object(&self.text)
    }
}

/// Carries a batch out, one after another.
pub(super) async fn each<T: Serialize, F: Future<Output = Result<T, Problem>> + Send>(
    app: &App,
    (caller, sent): (Caller, &Sent<BATCH_BYTES_MAX>),
    carry_out: impl Fn(Item) -> F,
) -> Answered<BatchOut<T>> {
    let body = &sent.body[..];
    let Items(texts) = if is_bare(body) {
        decode::trusting(body)?
    } else {
        decode::trusting::<BatchIn<'_>>(body)?.data
    };
    let _held = app.engine().begin_batch(caller, sent.key.as_ref()).await?;
    let mut reached = Reached::of(body);
    let mut data = Vec::with_capacity(texts.len());
    for (part, text) in (1..).zip(texts) {
        let key = sent.key.as_ref().map(|key| key.of_part(part));
        let item = sent.body.slice_ref(text.get().as_bytes());
        let done = match decode::object(&item) {
            Ok(Named { id }) => carry_out(Item { text: item, id, key }).await,
            Err(problem) => Err(problem),
        };
        data.push(match done {
            Ok(done) => Outcome::Done(done),
            Err(problem) => {
                app.metrics().problem(problem.code);
                let problem = problem.within(|| reached.go_to(text));
                Outcome::Refused { error: problem.document(None) }
            }
        });
    }
    Ok(Answer::ok(BatchOut { data }))
}

//! Many events in one request: each its own result, and a bad one costs the others nothing.

use axum::extract::State;
use posthorn_core::event::NewEvent;
use posthorn_engine::{EngineError, Receipt};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::{EventAccepted, EventIn, read_event};
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::{BATCH_BYTES_MAX, Sent};
use crate::decode;
use crate::items::{Items, Reached, is_bare};
use crate::problem::{Problem, ProblemDocument};

/// Events in one batch, at most.
pub(crate) const BATCH_EVENTS_MAX: usize = 1000;

/// Events to send, at most 1,000; a bare array of events is taken too.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an array of events, or an object with `events`")]
struct BatchIn<'a> {
    /// The events, in the order in which they are to be accepted.
    #[serde(borrow)]
    #[schema(value_type = Vec<EventIn>, max_items = 1000)]
    events: Items<'a, BATCH_EVENTS_MAX>,
}

/// What came of one event of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum BatchResult {
    /// It is on disk.
    Accepted(EventAccepted),
    /// It was refused, alone.
    Refused {
        /// Why.
        error: ProblemDocument,
    },
}

/// What came of each event, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchAccepted {
    data: Vec<BatchResult>,
}

/// Send up to 1,000 events, 8 MiB in all, each with its own result.
///
/// The 202 means that every result without an `error` is on disk. The answer is a 4xx only when the
/// batch itself cannot be read, or its `Idempotency-Key` was used before with another request: then
/// none of it is accepted.
#[utoipa::path(post, path = "/v1/events/batch", tag = "events", request_body = BatchIn,
    responses((status = 202, description = "A result for each event", body = BatchAccepted)))]
pub(super) async fn create_events(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent<BATCH_BYTES_MAX>,
) -> Answered<BatchAccepted> {
    let read = read_batch(&sent.body)?;
    let (events, slots): (Vec<_>, Vec<Result<(), Problem>>) = read.into_iter().fold(
        (Vec::new(), Vec::new()),
        |(mut events, mut slots), item: Result<NewEvent, Problem>| {
            slots.push(item.map(|event| events.push(Ok(event))));
            (events, slots)
        },
    );
    let place = merchant.place();
    let key = sent.key.as_ref();
    let receipts = app.engine().accept_batch(merchant.caller, place, events, key).await?;
    let replayed = !receipts.is_empty()
        && receipts.iter().all(|receipt| receipt.as_ref().is_ok_and(|receipt| receipt.replayed));
    if slots.iter().all(Result::is_ok) && receipts.iter().all(Result::is_ok) {
        sent.is_held_by(receipts.iter().flatten().map(|receipt| receipt.event));
    }
    let mut receipts = receipts.into_iter();
    let results = slots.into_iter().map(|slot| slot.and_then(|()| result(receipts.next())));
    let data = results.map(|result| match result {
        Ok(accepted) => BatchResult::Accepted(accepted),
        Err(problem) => {
            app.metrics().problem(problem.code);
            BatchResult::Refused { error: problem.document(None) }
        }
    });
    let data = data.collect();
    Ok(Answer::accepted(BatchAccepted { data }).replayed(replayed))
}

fn result(receipt: Option<Result<Receipt, EngineError>>) -> Result<EventAccepted, Problem> {
    let missing = || Problem::internal("a batch has fewer results than events");
    Ok(receipt.ok_or_else(missing)??.into())
}

fn read_batch(body: &[u8]) -> Result<Vec<Result<NewEvent, Problem>>, Problem> {
    let Items(texts) = if is_bare(body) {
        decode::trusting(body)?
    } else {
        decode::trusting::<BatchIn<'_>>(body)?.events
    };
    let mut reached = Reached::of(body);
    let read = texts.iter().map(|text| {
        let event = read_event(text.get().as_bytes());
        event.map_err(|problem| problem.within(|| reached.go_to(text)))
    });
    Ok(read.collect())
}

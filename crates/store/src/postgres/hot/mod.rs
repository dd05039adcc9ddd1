//! The hot verbs, many at once: what waits is gathered, and carried out in one transaction by a few
//! statements that take whole columns, sent one behind the other without waiting in between.
//!
//! The plain verbs (`crate::verbs`) are the rule. What a statement for many cannot decide (a key that is
//! known, a lease that was lost, effects) they decide afterwards; and when a batch fails, each verb of it is
//! done again by them, alone, so that a bad one fails nobody else.

mod accept;
mod batch;
mod claim;
mod gather;
mod gauges;
#[cfg(test)]
mod plans;
mod release;
mod settle;
mod statement;
mod verb;

use std::rc::Rc;
use std::sync::Arc;

use futures::future::{LocalBoxFuture, OptionFuture};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::mpsc;

pub use gauges::Batches;
pub(super) use gauges::Gauges;
pub(super) use statement::Call;
pub(super) use verb::{Asks, Verb, Waiter};

use super::worker::Worker;
use gather::Gathered;

/// Carries out what comes in until nothing more can come and all of it is done.
pub(super) async fn serve(
    worker: Rc<Worker>,
    mut waiting: mpsc::UnboundedReceiver<Verb>,
    gauges: Arc<Gauges>,
) {
    let mut gathered = Gathered::default();
    let mut under_way = FuturesUnordered::new();
    let mut alone = FuturesUnordered::new();
    let mut company = None;
    let mut open = true;
    while open || !(gathered.is_empty() && under_way.is_empty() && alone.is_empty()) {
        while let Ok(verb) = waiting.try_recv() {
            gathered.push(verb);
        }
        while let Some(batch) = gathered.next(under_way.len()) {
            let verbs = batch.len();
            under_way
                .push(batch::carry_out(Rc::clone(&worker), batch).map(move |left| (verbs, left)));
        }
        let waits = gathered.waits_for_company(under_way.len());
        company = waits.then(|| company.take().unwrap_or_else(for_company));
        tokio::select! {
            verb = waiting.recv(), if open => match verb {
                Some(verb) => gathered.push(verb),
                None => open = false,
            },
            Some(()) = OptionFuture::from(company.as_mut()) => {
                gathered.waited();
                company = None;
            }
            Some((verbs, left)) = under_way.next(), if !under_way.is_empty() => {
                gauges.batch(verbs, left.len());
                alone.extend(left.into_iter().map(|left| batch::alone(Rc::clone(&worker), left)));
            }
            Some(()) = alone.next(), if !alone.is_empty() => {}
        }
    }
}

/// How long a batch waits for company, at most.
fn for_company() -> LocalBoxFuture<'static, ()> {
    tokio::time::timeout(gather::WAIT_MAX, std::future::pending::<()>()).map(drop).boxed_local()
}

//! Accept: an event, its deliveries and its idempotency key, all or none.

use posthorn_core::delivery::State;
use posthorn_core::event::Event;
use posthorn_core::id::EventId;

use super::{events, once, standing};
use crate::db::{Db, values};
use crate::rows::{about_text, mode_code, ms, state_columns};
use crate::{Accept, Accepted, NewDelivery, StoreError};
use crate::{columns, statements};

/// Accepts events, each with its own answer.
pub(crate) async fn accept<D: Db>(db: &D, events: &[Accept]) -> Result<Vec<Accepted>, D::Trouble> {
    let mut answers = Vec::with_capacity(events.len());
    for event in events {
        answers.push(accept_one(db, event).await?);
    }
    Ok(answers)
}

/// Accepts one event.
pub(crate) async fn accept_one<D: Db>(db: &D, accept: &Accept) -> Result<Accepted, D::Trouble> {
    let before = match &accept.once {
        Some(once) => once::find(db, once).await?,
        None => None,
    };
    if let Some((same_request, subject)) = before {
        return Ok(if same_request {
            Accepted::Before(EventId::from_i64(subject))
        } else {
            Accepted::KeyReused
        });
    }
    let event = &accept.event;
    db.may_write(event.id)?;
    if let Some(same) = with_reference(db, event).await? {
        let called_otherwise = same.reference.is_some() && same.reference != event.reference;
        if called_otherwise || same.kind != event.kind || same.data != event.data {
            return Ok(Accepted::IdTaken(same.id));
        }
        once::keep(db, accept.once.as_ref(), same.id.as_i64()).await?;
        return Ok(Accepted::Before(same.id));
    }
    if !write_event(db, event).await? {
        return repeated(db, event).await;
    }
    for delivery in &accept.deliveries {
        write_delivery(db, event, delivery).await?;
    }
    once::keep(db, accept.once.as_ref(), event.id.as_i64()).await?;
    Ok(Accepted::Now(event.id))
}

/// The event on record that has the same caller's id; or whose id of ours it is, for two events must
/// not have one id on the wire.
async fn with_reference<D: Db>(db: &D, event: &Event) -> Result<Option<Event>, D::Trouble> {
    let Some(reference) = &event.reference else { return Ok(None) };
    let place = values![event.merchant.as_i64(), mode_code(event.mode), reference];
    let found = db.one(statements::EVENT_BY_REFERENCE, place, columns::event).await?;
    if let (None, Ok(id)) = (&found, reference.parse::<EventId>()) {
        let own = |other: &Event| other.merchant == event.merchant && other.mode == event.mode;
        return Ok(events::one(db, id).await?.filter(own));
    }
    Ok(found)
}

/// `false`: this very id is on record, so the caller repeats an accept whose answer it never got.
async fn write_event<D: Db>(db: &D, event: &Event) -> Result<bool, D::Trouble> {
    let row = values![
        event.id.as_i64(),
        event.merchant.as_i64(),
        mode_code(event.mode),
        event.kind.as_str(),
        ms(event.at),
        event.reference.as_deref(),
        event.only.map(posthorn_core::id::EndpointId::as_i64),
        event.data.as_bytes(),
        about_text(event),
    ];
    Ok(db.run(statements::ACCEPT_EVENT, row).await? == 1)
}

/// The answer that the caller never got. An id that stands for something else was given out twice
/// (by two servers with one number, or a clock set back): that is never told as if it were on record.
async fn repeated<D: Db>(db: &D, event: &Event) -> Result<Accepted, D::Trouble> {
    let known = events::existing(db, event.id).await?;
    let same = (known.merchant, known.mode, &known.kind, ms(known.at), &known.data)
        == (event.merchant, event.mode, &event.kind, ms(event.at), &event.data);
    if same {
        return Ok(Accepted::Before(event.id));
    }
    let detail = format!(
        "{} is on record as another event, so this one was not accepted; \
         do two servers use one node number, or was a clock set back?",
        event.id
    );
    Err(StoreError::Unavailable { detail }.into())
}

async fn write_delivery<D: Db>(db: &D, event: &Event, new: &NewDelivery) -> Result<(), D::Trouble> {
    let state = standing::mend(db, new.endpoint, new.state, event.at).await?;
    let (code, mut at, why) = state_columns(&state);
    let mut claim = 0_i64;
    if let State::Leased { until } = state {
        (at, claim) = (db.lease_ms(until), 1);
    }
    let row = values![new.id.as_i64(), new.endpoint.as_i64(), code, at, claim, why];
    db.run(statements::ACCEPT_DELIVERY, row).await?;
    Ok(())
}

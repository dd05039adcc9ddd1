//! Accept: an event, its deliveries and its idempotency key, all or none.

use posthorn_core::event::Event;
use posthorn_core::id::EventId;
use rusqlite::{Connection, params};

use super::{events, once, standing};
use crate::rows::{mode_code, ms, state_columns};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Accept, Accepted, NewDelivery};

/// Accepts events, each with its own answer.
pub(in crate::sqlite) fn accept(
    db: &Connection,
    events: &[Accept],
) -> Result<Vec<Accepted>, Trouble> {
    events.iter().map(|event| accept_one(db, event)).collect()
}

/// Accepts one event.
pub(super) fn accept_one(db: &Connection, accept: &Accept) -> Result<Accepted, Trouble> {
    if let Some(found) =
        accept.once.as_ref().map(|once| once::find(db, once)).transpose()?.flatten()
    {
        let (same_request, subject) = found;
        return Ok(if same_request {
            Accepted::Before(EventId::from_i64(subject))
        } else {
            Accepted::KeyReused
        });
    }
    let event = &accept.event;
    if let Some(same) = with_reference(db, event)? {
        let called_otherwise = same.reference.is_some() && same.reference != event.reference;
        if called_otherwise || same.kind != event.kind || same.data != event.data {
            return Ok(Accepted::IdTaken(same.id));
        }
        once::keep(db, accept.once.as_ref(), same.id.as_i64())?;
        return Ok(Accepted::Before(same.id));
    }
    if !write_event(db, event)? {
        return Ok(Accepted::Before(event.id));
    }
    for delivery in &accept.deliveries {
        write_delivery(db, event, delivery)?;
    }
    once::keep(db, accept.once.as_ref(), event.id.as_i64())?;
    Ok(Accepted::Now(event.id))
}

/// The event on record that has the same caller's id; or whose id of ours it is, for two events must
/// not have one id on the wire.
fn with_reference(db: &Connection, event: &Event) -> Result<Option<Event>, Trouble> {
    let Some(reference) = &event.reference else { return Ok(None) };
    let place = params![event.merchant.as_i64(), mode_code(event.mode), reference];
    let found = fetch::one(db, statements::EVENT_BY_REFERENCE, place, fetch::event)?;
    if let (None, Ok(id)) = (&found, reference.parse::<EventId>()) {
        let own = |other: &Event| other.merchant == event.merchant && other.mode == event.mode;
        return Ok(events::one(db, id)?.filter(own));
    }
    Ok(found)
}

/// `false`: this very id is on record, so the caller repeats an accept whose answer it never got.
fn write_event(db: &Connection, event: &Event) -> Result<bool, Trouble> {
    let row = params![
        event.id.as_i64(),
        event.merchant.as_i64(),
        mode_code(event.mode),
        event.kind.as_str(),
        ms(event.at),
        event.reference,
        event.only.map(posthorn_core::id::EndpointId::as_i64),
        event.data.as_bytes(),
    ];
    Ok(fetch::run(db, statements::ACCEPT_EVENT, row)? == 1)
}

fn write_delivery(db: &Connection, event: &Event, new: &NewDelivery) -> Result<(), Trouble> {
    let state = standing::mend(db, new.endpoint, new.state, event.at)?;
    let (code, at, why) = state_columns(&state);
    let claim = i64::from(matches!(state, posthorn_core::delivery::State::Leased { .. }));
    let row = params![new.id.as_i64(), new.endpoint.as_i64(), code, at, claim, why];
    fetch::run(db, statements::ACCEPT_DELIVERY, row)?;
    Ok(())
}

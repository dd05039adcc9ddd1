//! Settle: the try on record, the state it leads to, its effects and its notices.

use std::net::IpAddr;

use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::State;
use posthorn_core::id::{DeliveryId, EndpointId};
use rusqlite::{Connection, params};

use super::{accept, standing, status};
use crate::rows::{AnswerColumns, ms, phases_blob, secrets_blob, state_columns};
use crate::sqlite::trouble::Trouble;
use crate::sqlite::{fetch, statements};
use crate::{Effect, Settled, Settlement};

/// Settles tries, each with its own answer.
pub(in crate::sqlite) fn settle(
    db: &Connection,
    settlements: &[Settlement],
) -> Result<Vec<Settled>, Trouble> {
    settlements.iter().map(|settlement| settle_one(db, settlement)).collect()
}

fn settle_one(db: &Connection, settlement: &Settlement) -> Result<Settled, Trouble> {
    let (code, at, why) = state_columns(&state_to_write(db, settlement)?);
    let id = settlement.delivery.as_i64();
    let tries = i64::from(settlement.attempt.is_some());
    let row = params![id, settlement.claim, code, at, why, tries];
    if fetch::run(db, statements::SETTLE, row)? == 0 {
        return without_lease(db, settlement);
    }
    if let Some(attempt) = &settlement.attempt {
        write_attempt(db, settlement.delivery, attempt, attempt.late)?;
    }
    let mut rested = false;
    for effect in &settlement.effects {
        rested |= take_effect(db, settlement.endpoint, *effect)?;
    }
    let if_rested = settlement.notices_if_rested.iter().filter(|_| rested);
    for notice in settlement.notices.iter().chain(if_rested) {
        accept::accept_one(db, notice)?;
    }
    Ok(Settled::Done)
}

/// What the caller decided, unless the endpoint was deleted or enabled meanwhile. A settlement that
/// itself puts the endpoint to rest parks whatever it says.
fn state_to_write(db: &Connection, settlement: &Settlement) -> Result<State, Trouble> {
    let rests = settlement.effects.iter().any(|effect| matches!(effect, Effect::Rest(_)));
    if rests && matches!(settlement.state, State::Parked { .. }) {
        return Ok(settlement.state);
    }
    let state = settlement.state;
    let now = settlement.attempt.as_ref().map_or_else(|| state.at(), |attempt| attempt.at);
    standing::mend(db, settlement.endpoint, state, now)
}

/// The lease is not ours any more, or this very settlement is on record already. In the first case
/// the try was really sent, so it is recorded, as late.
fn without_lease(db: &Connection, settlement: &Settlement) -> Result<Settled, Trouble> {
    let Some(attempt) = &settlement.attempt else {
        return stands_as_settled(db, settlement);
    };
    let was_late = record_late(db, settlement.delivery, attempt)?;
    Ok(if was_late { Settled::LeaseLost } else { Settled::Done })
}

/// Puts a try on record that changed nothing, unless it is there already; answers whether it stands
/// there as late.
pub(super) fn record_late(
    db: &Connection,
    delivery: DeliveryId,
    attempt: &Attempt,
) -> Result<bool, Trouble> {
    let id = delivery.as_i64();
    let late = fetch::number(db, statements::SETTLE_BEFORE, params![id, attempt.claim])?;
    let known = fetch::number(db, statements::SETTLE_FOUND, params![id])?.is_some();
    if late.is_none() && known {
        write_attempt(db, delivery, attempt, true)?;
    }
    Ok(late != Some(0))
}

/// Without a try on record the state itself tells whether this settlement was the last to write it.
fn stands_as_settled(db: &Connection, settlement: &Settlement) -> Result<Settled, Trouble> {
    let id = params![settlement.delivery.as_i64()];
    let found = fetch::one(db, statements::SETTLE_FOUND, id, |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
    })?;
    let ours = (settlement.state.kind() as i64, i64::from(settlement.claim));
    Ok(if found == Some(ours) { Settled::Done } else { Settled::LeaseLost })
}

fn write_attempt(
    db: &Connection,
    delivery: DeliveryId,
    attempt: &Attempt,
    late: bool,
) -> Result<(), Trouble> {
    let answer = AnswerColumns::of(&attempt.tried.result);
    let peer = attempt.tried.peer.map(|peer| match peer {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    });
    let row = params![
        delivery.as_i64(),
        attempt.claim,
        attempt.run,
        attempt.number,
        ms(attempt.at),
        late,
        answer.status,
        answer.error,
        answer.error_detail,
        phases_blob(attempt.tried.phases),
        peer,
        answer.answer,
        answer.truncated,
        attempt.rendering.signed_at,
        attempt.rendering.endpoint_version,
        attempt.rendering.contract.as_i64(),
        secrets_blob(&attempt.rendering.secrets),
    ];
    fetch::run(db, statements::SETTLE_ATTEMPT, row)?;
    Ok(())
}

/// Answers whether it put the endpoint to rest.
fn take_effect(db: &Connection, endpoint: EndpointId, effect: Effect) -> Result<bool, Trouble> {
    match effect {
        Effect::FailingSince(since) => {
            let row = params![endpoint.as_i64(), since.map(ms)];
            fetch::run(db, statements::ENDPOINT_SET_FAILING, row)?;
            Ok(false)
        }
        Effect::Rest(rest) => {
            let Some(standing) = standing::find(db, endpoint)? else { return Ok(false) };
            let takes = !standing.deleted && standing.status.gives_way_to(rest);
            if takes {
                status::rest(db, endpoint, rest)?;
            }
            Ok(takes)
        }
    }
}

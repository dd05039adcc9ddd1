//! Settle: the try on record, the state it leads to, its effects and its notices.

use posthorn_core::attempt::Attempt;
use posthorn_core::delivery::State;
use posthorn_core::id::{DeliveryId, EndpointId};

use super::{accept, standing, status};
use crate::db::{Db, Lock, values};
use crate::rows::{AnswerColumns, ms, peer_blob, phases_blob, secrets_blob, state_columns};
use crate::statements;
use crate::{Effect, Settled, Settlement};

/// Settles tries, each with its own answer.
pub(crate) async fn settle<D: Db>(
    db: &D,
    settlements: &[Settlement],
) -> Result<Vec<Settled>, D::Trouble> {
    let mut answers = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        answers.push(settle_one(db, settlement).await?);
    }
    Ok(answers)
}

async fn settle_one<D: Db>(db: &D, settlement: &Settlement) -> Result<Settled, D::Trouble> {
    if rests(settlement) {
        db.hold(Lock::Endpoint(settlement.endpoint)).await?;
    }
    let (code, at, why) = state_columns(&state_to_write(db, settlement).await?);
    let id = settlement.delivery.as_i64();
    let tries = i64::from(settlement.attempt.is_some());
    let row = values![id, settlement.claim, code, at, why, tries];
    if db.run(statements::SETTLE, row).await? == 0 {
        return without_lease(db, settlement).await;
    }
    if let Some(attempt) = &settlement.attempt {
        write_attempt(db, settlement.delivery, attempt, attempt.late).await?;
    }
    let mut rested = false;
    for effect in &settlement.effects {
        rested |= take_effect(db, settlement.endpoint, *effect).await?;
    }
    let if_rested = settlement.notices_if_rested.iter().filter(|_| rested);
    for notice in settlement.notices.iter().chain(if_rested) {
        accept::accept_one(db, notice).await?;
    }
    Ok(Settled::Done)
}

/// Whether it may put its endpoint to rest.
fn rests(settlement: &Settlement) -> bool {
    settlement.effects.iter().any(|effect| matches!(effect, Effect::Rest(_)))
}

/// What the caller decided, unless the endpoint was deleted or enabled meanwhile. A settlement that
/// itself puts the endpoint to rest parks at one that is active, too.
async fn state_to_write<D: Db>(db: &D, settlement: &Settlement) -> Result<State, D::Trouble> {
    let state = settlement.state;
    let now = settlement.attempt.as_ref().map_or_else(|| state.at(), |attempt| attempt.at);
    let mended = standing::mend(db, settlement.endpoint, state, now).await?;
    let was_active = matches!(mended, State::Due { .. });
    Ok(if was_active && rests(settlement) && matches!(state, State::Parked { .. }) {
        state
    } else {
        mended
    })
}

/// The lease is not ours any more, or this very settlement is on record already. In the first case
/// the try was really sent, so it is recorded, as late.
async fn without_lease<D: Db>(db: &D, settlement: &Settlement) -> Result<Settled, D::Trouble> {
    let Some(attempt) = &settlement.attempt else {
        return stands_as_settled(db, settlement).await;
    };
    let was_late = record_late(db, settlement.delivery, attempt).await?;
    Ok(if was_late { Settled::LeaseLost } else { Settled::Done })
}

/// Puts a try on record that changed nothing, unless it is there already; answers whether it stands
/// there as late.
pub(super) async fn record_late<D: Db>(
    db: &D,
    delivery: DeliveryId,
    attempt: &Attempt,
) -> Result<bool, D::Trouble> {
    let id = delivery.as_i64();
    let late = db.number(statements::SETTLE_BEFORE, values![id, attempt.claim]).await?;
    let known = db.number(statements::SETTLE_FOUND, values![id]).await?.is_some();
    if late.is_none() && known {
        write_attempt(db, delivery, attempt, true).await?;
    }
    Ok(late != Some(0))
}

/// Without a try on record the state itself tells whether this settlement was the last to write it.
async fn stands_as_settled<D: Db>(db: &D, settlement: &Settlement) -> Result<Settled, D::Trouble> {
    let id = values![settlement.delivery.as_i64()];
    let found = db
        .one(statements::SETTLE_FOUND, id, |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))
        .await?;
    let ours = (settlement.state.kind() as i64, i64::from(settlement.claim));
    Ok(if found == Some(ours) { Settled::Done } else { Settled::LeaseLost })
}

async fn write_attempt<D: Db>(
    db: &D,
    delivery: DeliveryId,
    attempt: &Attempt,
    late: bool,
) -> Result<(), D::Trouble> {
    let answer = AnswerColumns::of(&attempt.tried.result);
    let peer = attempt.tried.peer.map(peer_blob);
    let row = values![
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
    db.run(statements::SETTLE_ATTEMPT, row).await?;
    Ok(())
}

/// Answers whether it put the endpoint to rest.
async fn take_effect<D: Db>(
    db: &D,
    endpoint: EndpointId,
    effect: Effect,
) -> Result<bool, D::Trouble> {
    match effect {
        Effect::FailingSince(since) => {
            let row = values![endpoint.as_i64(), since.map(ms)];
            db.run(statements::ENDPOINT_SET_FAILING, row).await?;
            Ok(false)
        }
        Effect::Rest(rest) => {
            let Some(standing) = standing::find(db, endpoint).await? else { return Ok(false) };
            let takes = !standing.deleted && standing.status.gives_way_to(rest);
            if takes {
                status::rest(db, endpoint, rest).await?;
            }
            Ok(takes)
        }
    }
}

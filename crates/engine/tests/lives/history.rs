//! From one version of a payment to the next: whether that may be, and what it tells, found out from the two alone.

use posthorn_core::contract::Transition;
use posthorn_core::payment::{
    Call, LegState, Payment, Refund, RefundState, SplitState, Stage, State,
};

/// Every request of a payment.
pub(crate) fn calls(payment: &Payment) -> Vec<Call> {
    let mut calls = Vec::new();
    for attempt in &payment.attempts {
        calls.push(attempt.call.clone());
        calls.extend(attempt.follow_up.iter().map(|follow_up| follow_up.call.clone()));
    }
    calls.extend(payment.refunds.iter().map(|refund| refund.call.clone()));
    let legs = payment.split.iter().flat_map(|split| &split.legs);
    calls.extend(legs.filter_map(|leg| leg.call.clone()));
    calls
}

/// A request goes forward only: what was sent is never to be sent again, what was answered never asked about.
fn rank(stage: Stage) -> u8 {
    match stage {
        Stage::Prepared { .. } => 0,
        Stage::Sent { .. } => 1,
        Stage::Unknown { .. } => 2,
        Stage::Answered => 3,
    }
}

fn refund_rank(refund: &Refund) -> u8 {
    match refund.state {
        RefundState::Pending => 0,
        RefundState::Succeeded { .. } => 1,
        RefundState::Failed { .. } => 2,
    }
}

fn leg_rank(state: &LegState) -> u8 {
    match state {
        LegState::Pending => 0,
        LegState::Processed { .. } => 1,
        LegState::Failed { .. } => 2,
    }
}

/// What must not happen between two versions.
pub(crate) fn forbidden(before: &Payment, after: &Payment) -> Vec<String> {
    let mut found = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            let states = (before.state.name(), after.state.name());
            found.push(format!("{} from {} to {}: {what}", before.id, states.0, states.1));
        }
    };
    must(after.money == before.money && after.wish == before.wish, "what was wished for changed");
    must(!before.state.is_paid() || after.state.is_paid(), "what was paid is not paid any more");
    must(before.paid.is_none() || after.paid == before.paid, "it was paid by other money");
    must(after.paid.is_some() == after.state.is_paid(), "its state denies the money that came");
    if before.state.is_lost() && after.state != before.state {
        must(after.state == State::Succeeded && after.late, "it came back from where it had ended");
    }
    let forward = !before.state.is_open() || !after.state.is_open() || after.state >= before.state;
    must(forward, "it went backwards");
    let after_calls = calls(after);
    for call in calls(before) {
        // A capture or a cancellation that was refused gives way to the next.
        let now = after_calls.iter().find(|now| now.request == call.request);
        let goes_on = match now {
            Some(now) => rank(now.stage) >= rank(call.stage),
            None => !call.is_open(),
        };
        must(goes_on, "a request went back");
    }
    for (at, refund) in before.refunds.iter().enumerate() {
        let now = after.refunds.get(at).filter(|now| now.id == refund.id);
        let (was, is) = (refund_rank(refund), now.map_or(0, refund_rank));
        must(now.is_some_and(|now| now.minor == refund.minor), "a refund changed");
        must(was == 0 || was == is, "a refund was decided twice");
    }
    let legs = before.split.iter().flat_map(|split| &split.legs);
    let now = after.split.iter().flat_map(|split| &split.legs);
    for (leg, now) in legs.zip(now) {
        let (was, is) = (leg_rank(&leg.state), leg_rank(&now.state));
        must(was == 0 || was == is, "a leg was decided twice");
    }
    found
}

fn entered(state: State) -> Option<Transition> {
    match state {
        State::Created => Some(Transition::PaymentCreated),
        State::Pending => Some(Transition::PaymentPending),
        State::RequiresAction => Some(Transition::PaymentRequiresAction),
        State::Processing => Some(Transition::PaymentProcessing),
        State::Authorized => Some(Transition::PaymentAuthorized),
        State::Failed => Some(Transition::PaymentFailed),
        State::Canceled => Some(Transition::PaymentCanceled),
        State::Expired => Some(Transition::PaymentExpired),
        State::Succeeded
        | State::PartiallyRefunded
        | State::Refunded
        | State::Disputed
        | State::ChargedBack => None,
    }
}

/// Transactions that were seen and do not count yet; strayed money carries its amount.
fn seen(payment: &Payment) -> usize {
    payment.transactions.iter().filter(|transaction| !transaction.contains(':')).count()
}

fn refunded(payment: &Payment) -> Vec<i64> {
    let done = payment.refunds.iter().filter(|refund| refund_rank(refund) == 1);
    done.map(|refund| refund.minor).collect()
}

/// What has happened between two versions, in the order in which it is told.
pub(crate) fn happened(before: Option<&Payment>, after: &Payment) -> Vec<Transition> {
    let Some(before) = before else { return vec![Transition::PaymentCreated] };
    let mut told = Vec::new();
    if seen(after) > seen(before) {
        told.push(Transition::PaymentSeen);
    }
    if before.paid.is_none() && after.paid.is_some() {
        told.push(Transition::PaymentSucceeded);
    } else if after.state != before.state {
        told.extend(entered(after.state));
    }
    if after.disputes.len() > before.disputes.len() {
        told.push(Transition::PaymentDisputed);
    }
    let back = refunded(after);
    if back.len() > refunded(before).len() {
        let all = back.iter().sum::<i64>() == after.money.minor;
        told.push(if all {
            Transition::PaymentRefunded
        } else {
            Transition::PaymentPartiallyRefunded
        });
    }
    let ended = |payment: &Payment| payment.split.as_ref().is_some_and(|it| it.ended.is_some());
    if ended(after) && !ended(before) {
        let state = after.split.as_ref().map(posthorn_core::payment::Split::state);
        let went = state == Some(SplitState::Processed);
        told.push(if went { Transition::SplitProcessed } else { Transition::SplitFailed });
    }
    told
}

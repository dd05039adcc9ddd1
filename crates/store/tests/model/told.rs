//! What a story tells, and the model: what the store must hold after it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posthorn_core::delivery::{Claim, Delivery, State};
use posthorn_core::endpoint::Status;
use posthorn_core::id::{DeliveryId, EndpointId};
use proptest::prelude::*;
use proptest::sample::Index;

/// One step of a story. Times pass between steps; an index picks among what there is.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Accept { endpoint: usize },
    Claim { endpoint: usize, slots: u32 },
    Settle { claim: Index, end: End },
    Release { claim: Index, sent: bool },
    Restart,
    Resend { delivery: Index },
    Pause { endpoint: usize },
    Enable { endpoint: usize },
    StepJobs { rows: u32 },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Delivered,
    Retry,
    Exhausted,
    Gone,
    Unsent,
}

pub(crate) fn a_step() -> impl Strategy<Value = Told> {
    let end = prop_oneof![
        Just(End::Delivered),
        Just(End::Retry),
        Just(End::Exhausted),
        Just(End::Gone),
        Just(End::Unsent)
    ];
    prop_oneof![
        4 => (0..2_usize).prop_map(|endpoint| Told::Accept { endpoint }),
        4 => (0..2_usize, 1..4_u32).prop_map(|(endpoint, slots)| Told::Claim { endpoint, slots }),
        5 => (any::<Index>(), end).prop_map(|(claim, end)| Told::Settle { claim, end }),
        1 => any::<(Index, bool)>().prop_map(|(claim, sent)| Told::Release { claim, sent }),
        1 => Just(Told::Restart),
        2 => any::<Index>().prop_map(|delivery| Told::Resend { delivery }),
        1 => (0..2_usize).prop_map(|endpoint| Told::Pause { endpoint }),
        2 => (0..2_usize).prop_map(|endpoint| Told::Enable { endpoint }),
        2 => (1..4_u32).prop_map(|rows| Told::StepJobs { rows }),
    ]
}

/// The model: what the store must hold.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) deliveries: BTreeMap<DeliveryId, Held>,
    pub(crate) status: BTreeMap<EndpointId, Status>,
}

#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) delivery: Delivery,
    pub(crate) claim: u32,
}

impl Model {
    pub(crate) fn due(&self, endpoint: EndpointId, now: Timestamp) -> Vec<DeliveryId> {
        let mut due: Vec<_> = self
            .deliveries
            .values()
            .filter(|held| held.delivery.endpoint == endpoint)
            .map(|held| (held.delivery.state, held.delivery.id))
            .filter(|(state, _)| matches!(state, State::Due { at } if *at <= now))
            .map(|(state, id)| (state.at(), id))
            .collect();
        due.sort_unstable();
        due.into_iter().map(|(_, id)| id).collect()
    }

    pub(crate) fn parked(&self, endpoint: EndpointId) -> Vec<DeliveryId> {
        let parked = self.deliveries.values().filter(|held| {
            held.delivery.endpoint == endpoint
                && matches!(held.delivery.state, State::Parked { .. })
        });
        parked.map(|held| held.delivery.id).collect()
    }

    /// The delivery, if this lease is the one that holds.
    pub(crate) fn leased(&mut self, claim: &Claim) -> Option<&mut Delivery> {
        let held = self.deliveries.get_mut(&claim.delivery)?;
        let holds =
            held.claim == claim.claim && matches!(held.delivery.state, State::Leased { .. });
        holds.then_some(&mut held.delivery)
    }
}

//! What a story tells: verbs that come at the same moment, and what changes between them.

use proptest::prelude::*;
use proptest::sample::Index;

pub(crate) const ENDPOINTS: usize = 3;

/// One step of a story; an index picks among the claims or deliveries that there are.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// Each inner list is one verb.
    Accept(Vec<Vec<Event>>),
    Claim(Vec<(Vec<Asked>, usize)>),
    Settle(Vec<Vec<(Index, End)>>),
    Release(Vec<Vec<(Index, bool)>>),
    Resend(Index),
    Pause(usize),
    Enable(usize),
    Delete(usize),
    StepJobs,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) known_by: KnownBy,
    /// Told again: the very same accept as one before.
    pub(crate) again: Option<Index>,
    pub(crate) bytes: usize,
    pub(crate) to: Vec<(usize, At)>,
}

/// Few names, so that they meet.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KnownBy {
    Nothing,
    /// With the content of the request.
    Key(u8, u8),
    Reference(u8),
    Both(u8, u8),
    /// A part of a larger request.
    Part(u8, u32),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    Due,
    Leased,
    Parked,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) endpoint: usize,
    pub(crate) slots: u32,
    pub(crate) bytes: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Delivered,
    Retry,
    Exhausted,
    Parked,
    Unsent,
    /// With effects.
    Gone,
    Failing,
    Noticed,
}

fn event() -> impl Strategy<Value = Event> {
    let known_by = prop_oneof![
        4 => Just(KnownBy::Nothing),
        2 => (0..6_u8, 0..2_u8).prop_map(|(key, request)| KnownBy::Key(key, request)),
        2 => (0..6_u8).prop_map(KnownBy::Reference),
        1 => any::<(u8, u8)>().prop_map(|(key, name)| KnownBy::Both(key | 16, name | 16)),
        1 => (6..9_u8, 1..3_u32).prop_map(|(key, part)| KnownBy::Part(key, part)),
    ];
    let at = prop_oneof![3 => Just(At::Due), 2 => Just(At::Leased), 1 => Just(At::Parked)];
    let to = proptest::collection::vec((0..ENDPOINTS, at), 0..4);
    let again = prop_oneof![6 => Just(None), 1 => any::<Index>().prop_map(Some)];
    (known_by, again, (0..6_usize).prop_map(|n| n * 32), to)
        .prop_map(|(known_by, again, bytes, to)| Event { known_by, again, bytes, to })
}

fn asked() -> impl Strategy<Value = Asked> {
    let bytes = prop_oneof![Just(usize::MAX), (0..12_usize).prop_map(|n| n * 32)];
    (0..ENDPOINTS, 0..5_u32, bytes).prop_map(|(endpoint, slots, bytes)| Asked {
        endpoint,
        slots,
        bytes,
    })
}

fn verbs<T: Strategy>(one: T) -> impl Strategy<Value = Vec<Vec<T::Value>>> {
    proptest::collection::vec(proptest::collection::vec(one, 1..4), 1..5)
}

pub(crate) fn a_step() -> impl Strategy<Value = Told> {
    let end = prop_oneof![
        4 => Just(End::Delivered),
        3 => Just(End::Retry),
        1 => Just(End::Exhausted),
        1 => Just(End::Parked),
        1 => Just(End::Unsent),
        1 => Just(End::Gone),
        1 => Just(End::Failing),
        1 => Just(End::Noticed),
    ];
    let bytes_max = prop_oneof![Just(usize::MAX), (0..24_usize).prop_map(|n| n * 32)];
    let asks =
        proptest::collection::vec((proptest::collection::vec(asked(), 1..4), bytes_max), 1..3);
    prop_oneof![
        5 => verbs(event()).prop_map(Told::Accept),
        5 => asks.prop_map(Told::Claim),
        6 => verbs((any::<Index>(), end)).prop_map(Told::Settle),
        2 => verbs(any::<(Index, bool)>()).prop_map(Told::Release),
        1 => any::<Index>().prop_map(Told::Resend),
        1 => (0..ENDPOINTS).prop_map(Told::Pause),
        2 => (0..ENDPOINTS).prop_map(Told::Enable),
        1 => (0..ENDPOINTS).prop_map(Told::Delete),
        2 => Just(Told::StepJobs),
    ]
}

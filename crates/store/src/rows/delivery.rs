//! Deliveries as rows: a state is three columns (`state`, `at`, `why`).

use posthorn_core::delivery::{Delivery, Ending, ParkedWhy, State, StateKind, WillNotSendWhy};
use posthorn_core::id::{DeliveryId, EndpointId};

use super::{Place, ms};
use crate::StoreError;

/// A row of `deliveries`.
#[derive(Debug)]
pub(crate) struct DeliveryRow {
    pub(crate) id: i64,
    pub(crate) endpoint: i64,
    pub(crate) state: i64,
    pub(crate) at: i64,
    pub(crate) attempts: i64,
    pub(crate) base: i64,
    pub(crate) run: i64,
    pub(crate) why: Option<i64>,
}

impl DeliveryRow {
    pub(crate) fn read(self) -> Result<Delivery, StoreError> {
        let place = Place { table: "deliveries", row: self.id };
        Ok(Delivery {
            id: DeliveryId::from_i64(self.id),
            endpoint: EndpointId::from_i64(self.endpoint),
            state: state(place, self.state, self.at, self.why)?,
            attempts: place.count("attempts", self.attempts)?,
            base: place.count("base", self.base)?,
            run: place.count("run", self.run)?,
        })
    }
}

/// The columns `state`, `at` and `why` of a state.
pub(crate) fn state_columns(state: &State) -> (i64, i64, Option<i64>) {
    let why = match state {
        State::Due { .. } | State::Leased { .. } | State::Delivered { .. } => None,
        State::Exhausted { why, .. } => Some(*why as i64),
        State::Parked { why, .. } => Some(*why as i64),
        State::WillNotSend { why, .. } => Some(*why as i64),
    };
    (state.kind() as i64, ms(state.at()), why)
}

/// The kind of a stored state.
pub(crate) fn state_kind(place: Place, code: i64) -> Result<StateKind, StoreError> {
    let kind = StateKind::ALL.into_iter().find(|kind| *kind as i64 == code);
    kind.ok_or_else(|| place.corrupt("state"))
}

fn state(place: Place, code: i64, at: i64, why: Option<i64>) -> Result<State, StoreError> {
    let at = place.time("at", at)?;
    Ok(match state_kind(place, code)? {
        StateKind::Due => State::Due { at },
        StateKind::Leased => State::Leased { until: at },
        StateKind::Delivered => State::Delivered { at },
        StateKind::Exhausted => State::Exhausted {
            at,
            why: reason(
                place,
                [Ending::Schedule, Ending::TooLarge, Ending::Unsendable, Ending::Retention],
                |why| *why as i64,
                why,
            )?,
        },
        StateKind::Parked => State::Parked {
            since: at,
            why: reason(
                place,
                [ParkedWhy::EndpointAtRest, ParkedWhy::Gone],
                |why| *why as i64,
                why,
            )?,
        },
        StateKind::WillNotSend => State::WillNotSend {
            since: at,
            why: reason(place, [WillNotSendWhy::EndpointDeleted], |why| *why as i64, why)?,
        },
    })
}

fn reason<W, const N: usize>(
    place: Place,
    all: [W; N],
    code: impl Fn(&W) -> i64,
    stored: Option<i64>,
) -> Result<W, StoreError> {
    all.into_iter().find(|why| Some(code(why)) == stored).ok_or_else(|| place.corrupt("why"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    const PLACE: Place = Place { table: "deliveries", row: 1 };

    #[test]
    fn every_state_comes_back_from_its_columns() {
        let at = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let states = [
            State::Due { at },
            State::Leased { until: at },
            State::Delivered { at },
            State::Exhausted { at, why: Ending::Schedule },
            State::Exhausted { at, why: Ending::TooLarge },
            State::Exhausted { at, why: Ending::Unsendable },
            State::Exhausted { at, why: Ending::Retention },
            State::Parked { since: at, why: ParkedWhy::EndpointAtRest },
            State::Parked { since: at, why: ParkedWhy::Gone },
            State::WillNotSend { since: at, why: WillNotSendWhy::EndpointDeleted },
        ];
        for expected in states {
            let (code, at, why) = state_columns(&expected);
            assert_eq!(state(PLACE, code, at, why), Ok(expected));
        }
    }

    #[test]
    fn a_state_or_a_reason_that_nobody_wrote_is_corrupt() {
        assert_eq!(state(PLACE, 6, 0, None), Err(PLACE.corrupt("state")));
        assert_eq!(state(PLACE, 3, 0, None), Err(PLACE.corrupt("why")));
        assert_eq!(state(PLACE, 4, 0, Some(3)), Err(PLACE.corrupt("why")));
    }
}

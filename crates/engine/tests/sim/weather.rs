//! What goes wrong with the database, and when: writes that fail for a while, and crashes.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;
use posthorn_core::id::EndpointId;
use posthorn_engine::clock::Clock;
use posthorn_store::{Fault, FaultPoint, Faults, StoreError};

use crate::chance::Chance;
use crate::clock::SimClock;
use crate::facts::Book;

/// What is to go wrong.
#[derive(Debug)]
struct Forecast {
    chance: Chance,
    /// From when until when writes fail, and in how many cases of a hundred.
    failing: Vec<(Timestamp, Timestamp, u64)>,
    /// The process dies after so many more fault points.
    crash_in: Option<u64>,
    /// How long every verb waits before it is carried out and after; by chance when `None`.
    wait_us: Option<u64>,
    crashed: bool,
    fair: bool,
    /// An endpoint whose rows make no sense.
    cursed: Option<EndpointId>,
    /// Nobody can tell what is due.
    blind: bool,
}

#[derive(Clone)]
pub(crate) struct Weather {
    clock: SimClock,
    book: Book,
    forecast: Arc<Mutex<Forecast>>,
}

impl Weather {
    pub(crate) fn new(
        clock: SimClock,
        book: Book,
        failing: Vec<(Timestamp, Timestamp, u64)>,
        chance: Chance,
    ) -> Self {
        let forecast = Forecast {
            chance,
            failing,
            crash_in: None,
            wait_us: None,
            crashed: false,
            fair: true,
            cursed: None,
            blind: false,
        };
        Self { clock, book, forecast: Arc::new(Mutex::new(forecast)) }
    }

    fn forecast(&self) -> MutexGuard<'_, Forecast> {
        self.forecast.lock().unwrap()
    }

    /// Nothing goes wrong any more, and nothing takes time, until the next call.
    pub(crate) fn set_fair(&self, fair: bool) {
        self.forecast().fair = fair;
    }

    /// The rows of this endpoint make no sense, until the next call.
    pub(crate) fn set_cursed(&self, endpoint: Option<EndpointId>) {
        self.forecast().cursed = endpoint;
    }

    /// A verb that meets a row that makes no sense fails as a whole.
    pub(crate) fn read_all(
        &self,
        endpoints: impl IntoIterator<Item = EndpointId>,
    ) -> Result<(), StoreError> {
        let cursed = self.forecast().cursed;
        match endpoints.into_iter().find(|endpoint| Some(*endpoint) == cursed) {
            None => Ok(()),
            Some(endpoint) => {
                let row = endpoint.as_i64();
                Err(StoreError::Corrupt { table: "deliveries", column: "base", row })
            }
        }
    }

    /// Nobody can tell what is due, until the next call.
    pub(crate) fn set_blind(&self, blind: bool) {
        self.forecast().blind = blind;
    }

    pub(crate) fn is_blind(&self) -> bool {
        self.forecast().blind
    }

    /// Every verb waits so long, before and after.
    pub(crate) fn set_wait_us(&self, wait: u64) {
        self.forecast().wait_us = Some(wait);
    }

    /// No write succeeds for a while.
    pub(crate) fn fail_until(&self, until: Timestamp) {
        let from = self.clock.now();
        let mut forecast = self.forecast();
        forecast.fair = false;
        forecast.failing.push((from, until, 100));
    }

    pub(crate) fn crash_in(&self, points: u64) {
        self.forecast().crash_in = Some(points);
    }

    pub(crate) fn crash(&self) {
        self.forecast().crashed = true;
    }

    pub(crate) fn crashed(&self) -> bool {
        self.forecast().crashed
    }

    /// The process starts again.
    pub(crate) fn restart(&self) {
        let mut forecast = self.forecast();
        forecast.crashed = false;
        forecast.wait_us = None;
        forecast.crash_in = None;
    }

    /// How long a verb waits for its turn, in microseconds.
    pub(crate) fn wait_us(&self) -> u64 {
        let mut forecast = self.forecast();
        if let Some(wait) = forecast.wait_us {
            return wait;
        }
        if forecast.fair {
            return 0;
        }
        match forecast.chance.below(20) {
            0..=13 => 0,
            14..=18 => forecast.chance.between(10, 3_000),
            _ => forecast.chance.between(3_000, 400_000),
        }
    }

    /// For the store: what strikes at each fault point.
    pub(crate) fn faults(&self) -> Faults {
        let weather = self.clone();
        Box::new(move |point| weather.strike(point))
    }

    fn strike(&self, _point: FaultPoint) -> Fault {
        let now = self.clock.now();
        let mut forecast = self.forecast();
        if forecast.fair {
            return Fault::None;
        }
        if let Some(points) = &mut forecast.crash_in {
            if *points == 0 {
                forecast.crashed = true;
                return Fault::Crash;
            }
            *points -= 1;
        }
        let percent = forecast.failing.iter().find(|(from, to, _)| *from <= now && now < *to);
        let percent = percent.map_or(0, |(_, _, percent)| *percent);
        if !forecast.chance.percent(percent) {
            return Fault::None;
        }
        drop(forecast);
        let mut facts = self.book.open();
        if facts.failures.last() != Some(&now) {
            facts.failures.push(now);
        }
        Fault::Fail
    }
}

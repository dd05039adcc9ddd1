//! What goes wrong with the database and when; and which of its verbs are under way.

use std::sync::{Arc, Mutex, MutexGuard};

use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use posthorn_store::StoreError;

use crate::chance::Chance;

struct Forecast {
    chance: Chance,
    /// The process dies after so many more turns: each verb has one before it is carried out, and one after.
    crash_in: Option<u64>,
    crashed: bool,
    /// Whether verbs take time, so that others have their turn meanwhile.
    slow: bool,
    /// Verbs that are refused, of a hundred.
    failing: u64,
}

#[derive(Clone)]
pub(crate) struct Weather {
    forecast: Arc<Mutex<Forecast>>,
    /// Verbs that the database has not answered yet, apart from those who wait for them: they may be asleep.
    under_way: Arc<Mutex<FuturesUnordered<BoxFuture<'static, ()>>>>,
}

impl Weather {
    pub(crate) fn new(chance: Chance) -> Self {
        let forecast = Forecast { chance, crash_in: None, crashed: false, slow: false, failing: 0 };
        Self { forecast: Arc::new(Mutex::new(forecast)), under_way: Arc::default() }
    }

    fn forecast(&self) -> MutexGuard<'_, Forecast> {
        self.forecast.lock().unwrap()
    }

    /// Nothing goes wrong any more and nothing takes time.
    pub(crate) fn clear(&self) {
        let mut forecast = self.forecast();
        (forecast.crash_in, forecast.slow, forecast.failing) = (None, false, 0);
    }

    pub(crate) fn crash_in(&self, turns: u64) {
        self.forecast().crash_in = Some(turns);
    }

    pub(crate) fn slow_down(&self) {
        self.forecast().slow = true;
    }

    pub(crate) fn fail(&self, percent: u64) {
        self.forecast().failing = percent;
    }

    pub(crate) fn crashed(&self) -> bool {
        self.forecast().crashed
    }

    /// The process starts again.
    pub(crate) fn restart(&self) {
        self.clear();
        self.forecast().crashed = false;
        self.under_way.lock().unwrap().clear();
    }

    /// A verb's turn: how long it takes, in microseconds; `None`: the process is dead.
    pub(crate) fn turn(&self) -> Option<u64> {
        let mut forecast = self.forecast();
        match &mut forecast.crash_in {
            Some(0) => forecast.crashed = true,
            Some(turns) => *turns -= 1,
            None => {}
        }
        if forecast.crashed {
            return None;
        }
        let waits = forecast.slow && forecast.chance.percent(60);
        Some(if waits { forecast.chance.between(1, 2_000) } else { 0 })
    }

    pub(crate) fn refuse(&self) -> Result<(), StoreError> {
        let mut forecast = self.forecast();
        let percent = forecast.failing;
        if percent > 0 && forecast.chance.percent(percent) {
            return Err(StoreError::Unavailable { detail: "a simulated fault".to_owned() });
        }
        Ok(())
    }

    /// Waits for a database, at which other threads may be.
    pub(crate) async fn under_way<T: Send + 'static>(
        &self,
        mut answer: BoxFuture<'static, T>,
    ) -> T {
        if let Some(answer) = (&mut answer).now_or_never() {
            return answer;
        }
        let (carried, answer) = answer.remote_handle();
        self.under_way.lock().unwrap().push(carried.boxed());
        answer.await
    }

    /// Waits until the database has answered one of the verbs; `false` when there is none.
    pub(crate) fn land(&self) -> bool {
        let mut under_way = self.under_way.lock().unwrap();
        futures::executor::block_on(under_way.next()).is_some()
    }
}

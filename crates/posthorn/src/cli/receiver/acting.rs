//! Doing what was chosen, on one connection.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::behaviour::{Chosen, Then};
use super::request::Inbox;

/// How long a connection that the receiver has closed waits for the sender to do so, too.
const LINGER: Duration = Duration::from_secs(2);

/// How a behaviour ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The answer is said, and the connection goes on.
    Kept,
    /// The receiver ended the connection.
    Left,
    /// The sender did.
    HungUp,
}

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    /// How it ended.
    pub(super) end: End,
    /// How many bytes were said.
    pub(super) said_bytes: u64,
}

/// One behaviour at work.
struct Acting<'a> {
    inbox: &'a mut Inbox,
    said_bytes: u64,
}

/// Does what was chosen until it is over.
pub(super) async fn act(inbox: &mut Inbox, chosen: &Chosen) -> Done {
    let mut acting = Acting { inbox, said_bytes: 0 };
    let end = acting.run(chosen).await;
    Done { end, said_bytes: acting.said_bytes }
}

impl Acting<'_> {
    async fn run(&mut self, chosen: &Chosen) -> End {
        let words = chosen.words();
        if !self.says(&words).await {
            return End::HungUp;
        }
        let step = chosen.wish.step();
        match chosen.behaviour.then {
            Then::Keep => End::Kept,
            Then::Close => self.close().await,
            Then::CloseNext => match self.inbox.something().await {
                None => End::HungUp,
                Some(()) => self.close().await,
            },
            Then::Reset => self.reset(),
            Then::Hang => self.hang().await,
            Then::Flood(bytes) => self.flood(bytes).await,
            Then::Drip(bytes) => self.drip(step, bytes.iter().copied().cycle()).await,
            Then::DripOnce(bytes) => self.drip(step, bytes.iter().copied()).await,
            Then::Later(bytes) => self.later(step, bytes).await,
        }
    }

    /// Says; whether the sender still listens.
    async fn says(&mut self, bytes: &[u8]) -> bool {
        let stream = &mut self.inbox.stream;
        let said = stream.write_all(bytes).await.is_ok() && stream.flush().await.is_ok();
        if said {
            self.said_bytes += bytes.len() as u64;
        }
        said
    }

    /// Ends it in good order: what the sender still says is read, or the system would reset.
    async fn close(&mut self) -> End {
        let _gone_already = self.inbox.stream.shutdown().await;
        let _it_stays = timeout(LINGER, self.inbox.hang_up()).await;
        End::Left
    }

    fn reset(&mut self) -> End {
        let _gone_already = self.inbox.stream.socket().set_zero_linger();
        End::Left
    }

    async fn hang(&mut self) -> End {
        self.inbox.hang_up().await;
        End::HungUp
    }

    async fn flood(&mut self, bytes: &[u8]) -> End {
        while self.says(bytes).await {
            // Fairness: a sender that takes everything at once must not hold this thread.
            tokio::task::yield_now().await;
        }
        End::HungUp
    }

    async fn drip(&mut self, step: Duration, bytes: impl Iterator<Item = u8>) -> End {
        let mut steps = interval(step);
        steps.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for byte in bytes {
            steps.tick().await;
            if !self.says(&[byte]).await {
                return End::HungUp;
            }
        }
        End::Kept
    }

    async fn later(&mut self, wait: Duration, bytes: &[u8]) -> End {
        if timeout(wait, self.inbox.gone()).await.is_ok() {
            return End::HungUp;
        }
        if self.says(bytes).await { End::Kept } else { End::HungUp }
    }
}

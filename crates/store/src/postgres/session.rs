//! The session that a server keeps beside its pool: it holds a lock for as long as the server lives,
//! and hears when others change something.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Error};

use super::way::Way;

/// Every server holds it in company; who holds it alone is alone. `PH` and the first of our numbers.
const ALONE: &str = "select pg_try_advisory_lock(1346895872, 1)";
/// Waits for one that is just starting alone.
const IN_COMPANY: &str = "set lock_timeout = '10s'; select pg_advisory_lock_shared(1346895872, 1)";

const HOLD: &str = "select pg_try_advisory_lock_shared(1346895872, 1)";

/// A session; dropped, it ends.
pub(super) struct Session {
    client: Client,
    alone: bool,
    /// Whether it holds the lock in company, or alone.
    holds: bool,
    _connection: JoinSet<()>,
}

impl Session {
    /// Begins a session; `told` is rung whenever another server says that something changed, and when
    /// the session is lost.
    pub(super) async fn begin(way: &Way, told: Arc<Notify>) -> Result<Self, Error> {
        let mut session = Self::open(way, told).await?;
        session.alone = session.client.query_one(ALONE, &[]).await?.get(0);
        match session.client.batch_execute(IN_COMPANY).await {
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                tracing::warn!("another server has been starting for long; starting beside it");
            }
            held => {
                held?;
                session.holds = true;
            }
        }
        Ok(session)
    }

    /// A session that hears of changes. It waits for no lock: see [`Session::stay_in_company`].
    pub(super) async fn open(way: &Way, told: Arc<Notify>) -> Result<Self, Error> {
        let (client, mut messages) = way.connect().await?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notification(_)) => told.notify_one(),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "the session beside the pool was lost");
                        break;
                    }
                }
            }
            told.notify_one();
        });
        client.batch_execute("listen posthorn").await?;
        Ok(Self { client, alone: false, holds: false, _connection: driver })
    }

    /// Whether no other server is at work, and none begins before [`Session::stay_in_company`].
    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }

    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }

    /// Other servers may begin from now on; that this one lives they see by its lock.
    pub(super) async fn stay_in_company(&mut self) -> Result<(), Error> {
        if self.alone {
            self.client.batch_execute("select pg_advisory_unlock(1346895872, 1)").await?;
            self.alone = false;
        }
        if !self.holds {
            self.holds = self.client.query_one(HOLD, &[]).await?.get(0);
        }
        Ok(())
    }
}

//! One server at a time on a database: a lock that a session holds, and that ends with it.

use tokio::task::JoinSet;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::migrations::OpenError;

/// Waits a moment for a server that is just ending. The lock is `PH` and the first of our numbers.
const TAKE: &str = "set lock_timeout = '10s'; select pg_advisory_lock(1346895872, 1)";

/// The session that holds the lock; dropped, it lets go.
pub(super) struct Alone {
    client: Client,
    _connection: JoinSet<()>,
}

impl Alone {
    /// Takes the lock.
    pub(super) async fn take(config: &Config) -> Result<Self, OpenError> {
        let connected = config.connect(NoTls).await;
        let (client, connection) = connected.map_err(|error| OpenError::of(&error))?;
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "the session that holds the database's lock was lost");
            }
        });
        match client.batch_execute(TAKE).await {
            Ok(()) => Ok(Self { client, _connection: driver }),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                Err(OpenError::InUse)
            }
            Err(error) => Err(OpenError::of(&error)),
        }
    }

    /// Whether the session was lost, and the lock with it.
    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed()
    }
}

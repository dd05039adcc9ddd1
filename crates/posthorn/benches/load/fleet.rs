//! The servers under measurement: one, or several on one PostgreSQL.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};

use super::clock::pause;
use super::gauge::Gauge;
use super::server::Server;
use super::store::Store;

/// Every server knows within a second what one was told.
const TOLD: Duration = Duration::from_millis(1_500);

/// Running servers; they are killed when this is dropped.
pub(crate) struct Fleet {
    servers: Vec<Server>,
}

impl Fleet {
    /// Starts as many as are wanted, on one new database with as many old rows as are wanted. Runs on a `LocalSet`.
    pub(crate) async fn start(store: Store<'_>) -> Result<Self> {
        let database = store.database()?;
        let mut servers = vec![Server::start(store.disk, database.as_deref()).await?];
        if let Some(database) = &database {
            store.fill(database)?;
        }
        while servers.len() < store.servers {
            servers.push(Server::start(store.disk, database.as_deref()).await?);
        }
        Ok(Self { servers })
    }

    /// Where they listen.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    /// What they have used so far.
    pub(crate) fn gauge(&self) -> Result<Gauge> {
        let mut all = self.servers.iter().map(Server::gauge);
        let first = all.next().context("there is a server")??;
        all.try_fold(first, |sum, next| Ok(sum.and(next?)))
    }

    /// Makes merchants with their endpoints, as [`Server::prepare`] does, and waits until every server knows them.
    pub(crate) async fn prepare(
        &self,
        receiver: SocketAddr,
        count: usize,
        fan_out: usize,
    ) -> Result<Vec<String>> {
        let first = self.servers.first().context("there is a server")?;
        let keys = first.prepare(receiver, count, fan_out).await?;
        if self.servers.len() > 1 {
            pause(TOLD).await;
        }
        Ok(keys)
    }
}

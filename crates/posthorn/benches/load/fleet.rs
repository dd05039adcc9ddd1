//! The servers under measurement: one, or several on one PostgreSQL, with one database or each with its own.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::clock::pause;
use super::gauge::Gauge;
use super::generator::Reached;
use super::server::Server;
use super::silent::nobody;
use super::store::Store;

/// Every server knows within a second what one was told.
const TOLD: Duration = Duration::from_millis(1_500);

/// Running servers; they are killed when this is dropped.
pub(crate) struct Fleet {
    servers: Vec<Server>,
    /// Whether none of them knows what another is told.
    apart: bool,
    crowd: Vec<Reached>,
}

/// To whom belongs what was there before: so many merchants with so many endpoints each.
const MERCHANTS: usize = 100;
const ENDPOINTS: usize = 10;

impl Fleet {
    /// Starts as many as are wanted, on new databases with as many old rows as are wanted. Runs on a `LocalSet`.
    pub(crate) async fn start(store: Store<'_>) -> Result<Self> {
        let mut database = store.database()?;
        let mut servers: Vec<Server> = Vec::new();
        while servers.len() < store.servers {
            let first = servers.is_empty();
            if store.apart && !first {
                database = store.database()?;
            }
            servers.push(Server::start(store.disk, database.as_deref()).await?);
            if let Some(database) = database.as_ref().filter(|_| store.apart || first) {
                store.fill(database)?;
            }
        }
        let mut fleet = Self { servers, apart: store.apart, crowd: Vec::new() };
        if database.is_none() && store.has_past() {
            fleet.crowd = fleet.prepare(nobody()?, MERCHANTS, ENDPOINTS).await?;
            for server in &mut fleet.servers {
                store.fill_file(&server.file())?;
                // It did not see them come.
                server.restart().await?;
            }
        }
        Ok(fleet)
    }

    /// The merchants to whom belongs what was there before.
    pub(crate) fn crowd(&self) -> &[Reached] {
        &self.crowd
    }

    /// Kills the servers and starts them again.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        for server in &mut self.servers {
            server.restart().await?;
        }
        Ok(())
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
    ) -> Result<Vec<Reached>> {
        let mut reached: Vec<Reached> = Vec::new();
        for server in &self.servers {
            let keys = match reached.first().filter(|_| !self.apart) {
                Some(first) => Rc::clone(&first.keys),
                None => server.prepare(receiver, count, fan_out).await?.into(),
            };
            reached.push(Reached { address: server.address, keys });
        }
        if reached.len() > 1 {
            pause(TOLD).await;
        }
        Ok(reached)
    }
}

//! Looking at a database from outside: what a server would meet there. Nothing is changed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use serde::Deserialize;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::migrations::{self, OpenError};
use super::options::Options;
use super::way::Way;
use crate::Migration;

const SERVER: &str = include_str!("../../sql/postgres/look_server.sql");
const DEPLOYMENT: &str = include_str!("../../sql/postgres/look_deployment.sql");
const NOW: &str = "select (extract(epoch from clock_timestamp()) * 1000)::bigint";
const BEGIN: &str = "begin read only; set local statement_timeout = '30s'";
/// How long a look may take until the database is reached.
const WITHIN: Duration = Duration::from_secs(10);

/// What was seen.
#[derive(Debug)]
pub struct Look {
    /// What the database server says.
    pub server: Server,
    /// The version of the schema; 0: there is none.
    pub schema: u32,
    /// The version that this program knows.
    pub known: u32,
    /// What the deployment says; `None` while its schema is another than this program's.
    pub deployment: Option<Deployment>,
}

/// What a database server says of itself.
#[derive(Debug, Deserialize)]
pub struct Server {
    /// Its version, for people.
    pub version: String,
    /// The same as a number: 150004 for 15.4.
    pub version_number: u32,
    /// Whether this very connection is encrypted, as far as the server knows.
    pub encrypted: bool,
    /// Whether the session is older than the connection: a pooler stands between.
    pub handed_on: bool,
    /// Its clock, in Unix milliseconds.
    pub now_ms: i64,
    /// The database's encoding.
    pub encoding: String,
    /// What a server could not do there.
    pub lacks: Vec<Lack>,
    /// The role.
    pub role: String,
    /// Connections that it gives to all its clients.
    pub connections_max: u32,
    /// The settings that decide whether what is committed stays.
    pub settings: BTreeMap<String, String>,
}

/// What a server must be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Write: it is a replica, or sessions are read-only.
    Writing,
    /// Make the schema, or what belongs into it.
    Schema,
}

/// What a deployment says of itself.
#[derive(Debug, Deserialize)]
pub struct Deployment {
    /// The servers that gave a sign of life within a minute.
    pub servers: Vec<Sign>,
    /// Whether an import was begun and is not finished.
    pub importing: bool,
    /// The contracts that merchants and their endpoints speak.
    pub contracts: Vec<String>,
    /// The fingerprint of the master key, in hex.
    pub key: Option<String>,
    /// Secrets that are sealed with another key.
    pub sealed_otherwise: u64,
    /// Days from today on that have tables of their own.
    pub days_ahead: i32,
    /// Parts that are being attached or emptied.
    pub parts_unfinished: u64,
    /// What programs said that cannot become an event.
    pub outbox_refused: u64,
    /// How long the oldest of what else they said waits.
    pub outbox_waits_ms: i64,
    /// Jobs that are not over.
    pub jobs_running: u64,
}

/// A server's last sign of life.
#[derive(Debug, Deserialize)]
pub struct Sign {
    /// Its node.
    pub node: u8,
    /// How long ago.
    pub seen_ms_ago: i64,
}

/// Looks at a database.
pub(super) fn look(options: &Options) -> Result<Look, OpenError> {
    from_outside(options, async |first, way| {
        let asked_before: i64 = told(first.query_typed_one(NOW, &[]).await)?.get(0);
        // The session of the first connection is free again now: a pooler hands it on.
        over(way, async |second| seen(second, asked_before).await).await
    })
}

/// The migrations that a database still needs.
pub(super) fn plan(options: &Options) -> Result<Vec<Migration>, OpenError> {
    from_outside(options, async |client, _| migrations::plan(client).await)
}

async fn seen(client: &Client, asked_before: i64) -> Result<Look, OpenError> {
    let schema = migrations::found(client).await?.number;
    told(client.batch_execute(BEGIN).await)?;
    let row = client.query_typed_one(SERVER, &[(&asked_before, Type::INT8)]).await;
    let server = read(told(row)?.get(0))?;
    let known = migrations::known();
    let deployment = if schema == known {
        Some(read(told(client.query_typed_one(DEPLOYMENT, &[]).await)?.get(0))?)
    } else {
        None
    };
    told(client.batch_execute("rollback").await)?;
    Ok(Look { server, schema, known, deployment })
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, OpenError> {
    serde_json::from_str(json).map_err(|error| OpenError::Unusable { detail: error.to_string() })
}

fn told<T>(answer: Result<T, tokio_postgres::Error>) -> Result<T, OpenError> {
    answer.map_err(|error| OpenError::of(&error))
}

/// Does something over a connection that nobody else uses, on the caller's thread.
fn from_outside<T>(
    options: &Options,
    what: impl AsyncFnOnce(&Client, &Way) -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    let way = Way::read(&options.url, options.tls.as_ref()).ok_or(OpenError::Unreadable)?;
    let unusable = |error: std::io::Error| OpenError::Unusable { detail: error.to_string() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(unusable)?.block_on(over(&way, async |client| what(client, &way).await))
}

async fn over<T>(
    way: &Way,
    what: impl AsyncFnOnce(&Client) -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    let late = |_| OpenError::Unusable { detail: format!("no answer within {WITHIN:?}") };
    let connected = tokio::time::timeout(WITHIN, way.connect()).await.map_err(late)?;
    let (client, mut messages) = told(connected)?;
    let work = async move { what(&client).await };
    let listen = async move { while let Some(Ok(_)) = messages.next().await {} };
    futures::join!(work, listen).0
}

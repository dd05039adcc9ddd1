//! The program under measurement: `posthorn serve --sandbox` of this very build, on a fresh data directory and a free
//! port, prepared through its own API as any operator would.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::clock::{now_ns, pause};
use super::gauge::Gauge;
use super::link::Link;

const ADMIN_KEY: &str = "admin_a-fake-key-for-the-bench";
const MASTER_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const CONTRACT: &str = "techcorp";
const READY_WAIT_NS: u64 = 30_000_000_000;

/// A running server; it is killed and its data removed when this is dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    child: Child,
    folder: TempDir,
    database: Option<String>,
}

impl Server {
    /// Starts one whose data is new, or on this database, and waits until it is ready. Runs on a `LocalSet`.
    pub(crate) async fn start(disk: &Path, database: Option<&str>) -> Result<Self> {
        fs::create_dir_all(disk)?;
        let folder = TempDir::with_prefix_in("bench-", disk)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let child = Self::spawn(folder.path(), address, database)?;
        let mut server = Self { address, child, folder, database: database.map(str::to_owned) };
        server.ready().await?;
        Ok(server)
    }

    /// Kills it, as a crash would, and starts it again on the same data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.child = Self::spawn(self.folder.path(), self.address, self.database.as_deref())?;
        self.ready().await
    }

    /// The file of the embedded database.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("data/posthorn.db")
    }

    fn spawn(folder: &Path, address: SocketAddr, database: Option<&str>) -> Result<Child> {
        let log = File::create(folder.join("log"))?;
        Command::new(env!("CARGO_BIN_EXE_posthorn"))
            .args(["serve", "--sandbox", "--listen", &address.to_string(), "--data"])
            .arg(folder.join("data"))
            .args(database.iter().flat_map(|url| ["--database", url]))
            .env("POSTHORN_ADMIN_KEY", ADMIN_KEY)
            .env("POSTHORN_MASTER_KEY", MASTER_KEY)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start posthorn serve")
    }

    /// What it has used so far.
    pub(crate) fn gauge(&self) -> Result<Gauge> {
        Gauge::of(self.child.id())
    }

    /// Makes `count` merchants with `fan_out` endpoints each, that want every event at `receiver`; answers their API keys.
    pub(crate) async fn prepare(
        &self,
        receiver: SocketAddr,
        count: usize,
        fan_out: usize,
    ) -> Result<Vec<String>> {
        let mut tasks = JoinSet::new();
        let mut makers = JoinSet::new();
        for lane in 0..count.min(SETUP_LANES) {
            let link = Link::open(self.address, &mut tasks).await?;
            let places: Vec<usize> = (lane..count).step_by(SETUP_LANES).collect();
            makers.spawn_local(async move { merchants(link, receiver, &places, fan_out).await });
        }
        let mut keys = Vec::with_capacity(count);
        while let Some(made) = makers.join_next().await {
            keys.extend(made?.with_context(|| self.log())?);
        }
        Ok(keys)
    }

    async fn ready(&mut self) -> Result<()> {
        let give_up_ns = now_ns() + READY_WAIT_NS;
        while now_ns() < give_up_ns {
            if let Some(status) = self.child.try_wait()? {
                bail!("posthorn serve ended with {status}:\n{}", self.log());
            }
            let mut tasks = JoinSet::new();
            if let Ok(mut link) = Link::open(self.address, &mut tasks).await
                && let Ok((StatusCode::OK, _)) = link
                    .send(
                        Request::get("/readyz").header("Host", "127.0.0.1").body(Full::default())?,
                    )
                    .await
            {
                return Ok(());
            }
            pause(Duration::from_millis(5)).await;
        }
        bail!("posthorn serve is not ready after 30 s:\n{}", self.log())
    }

    /// The end of what it printed.
    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

const SETUP_LANES: usize = 64;

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn merchants(
    mut link: Link,
    receiver: SocketAddr,
    places: &[usize],
    fan_out: usize,
) -> Result<Vec<String>> {
    let mut keys = Vec::with_capacity(places.len());
    for place in places {
        let wanted = json!({"name": format!("Bench {place}"), "contract": CONTRACT});
        let merchant = call(&mut link, ADMIN_KEY, "/v1/merchants", &wanted).await?;
        let key = test_key(&merchant).with_context(|| format!("no test key in {merchant}"))?;
        for endpoint in 0..fan_out {
            let wanted = json!({"url": format!("http://{receiver}/e/{endpoint}"), "events": ["*"]});
            call(&mut link, &key, "/v1/endpoints", &wanted).await?;
        }
        keys.push(key);
    }
    Ok(keys)
}

fn test_key(merchant: &Value) -> Option<String> {
    let keys = merchant.get("keys")?.get("test")?.as_object()?;
    keys.values()
        .filter_map(Value::as_str)
        .find(|key| key.starts_with("sk_test_"))
        .map(str::to_owned)
}

async fn call(link: &mut Link, key: &str, path: &str, wanted: &Value) -> Result<Value> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("Host", "127.0.0.1")
        .header("Authorization", format!("Bearer {key}"))
        .header("Content-Type", "application/json")
        .body(Full::from(Bytes::from(wanted.to_string())))?;
    let (status, body) = link.send(request).await?;
    ensure!(status.is_success(), "POST {path}: {status} {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

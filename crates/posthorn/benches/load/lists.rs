//! Reading what is on record: pages of lists, as the API gives them, newest first and on from there.

use std::fs;

use anyhow::{Context, Result, ensure};
use http_body_util::Full;
use hyper::{Request, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;

use super::clock::now_ns;
use super::generator::{Reached, Sent};
use super::link::Link;

/// Pages that are read of each list, one after the other.
const PAGES: usize = 5;
/// What is asked for, each with every merchant's key in turn.
const LISTS: [&str; 5] = [
    "/v1/deliveries?",
    "/v1/deliveries?state=delivered&",
    "/v1/deliveries?state=exhausted&",
    "/v1/events?",
    "/v1/events?type=order.paid&",
];

/// Reads so many pages of so many rows; nothing of the database is in the system's memory at first, where that can be had.
pub(crate) async fn read(crowd: &[Reached], pages: u64, limit: u8) -> Result<Sent> {
    let to = crowd.first().context("lists need something on record: --old 1 or more")?;
    forget_files();
    let mut tasks = JoinSet::new();
    let mut link = Link::open(to.address, &mut tasks).await?;
    let mut sent = Sent { began_ns: now_ns(), ..Sent::default() };
    let mut keys = to.keys.iter().cycle();
    'all: loop {
        for list in LISTS {
            let key = keys.next().context("there is a merchant")?;
            let mut cursor = String::new();
            for _ in 0..PAGES {
                let asked_ns = now_ns();
                let (rows, next) =
                    page(&mut link, key, &format!("{list}limit={limit}{cursor}")).await?;
                sent.answers_ns.push(now_ns() - asked_ns);
                ensure!(rows > 0 || list.contains("exhausted"), "{list} is empty");
                if u64::try_from(sent.answers_ns.len())? >= pages {
                    break 'all;
                }
                let Some(next) = next else { break };
                cursor = format!("&cursor={next}");
            }
        }
    }
    sent.ended_ns = now_ns();
    Ok(sent)
}

/// How many rows a page has, and where the next one begins.
async fn page(link: &mut Link, key: &str, path: &str) -> Result<(usize, Option<String>)> {
    let request = Request::get(path)
        .header("Host", "127.0.0.1")
        .header("Authorization", format!("Bearer {key}"))
        .body(Full::default())?;
    let (status, body) = link.send(request).await?;
    ensure!(status == StatusCode::OK, "{path}: {status} {}", String::from_utf8_lossy(&body));
    let page: Value = serde_json::from_slice(&body)?;
    let rows = page.get("data").and_then(Value::as_array).map_or(0, Vec::len);
    Ok((rows, page.get("next_cursor").and_then(Value::as_str).map(str::to_owned)))
}

/// Only root may; otherwise what is measured is a warm cache.
fn forget_files() {
    rustix::fs::sync();
    drop(fs::write("/proc/sys/vm/drop_caches", "3"));
}

//! Following along: a merchant's test events as lines of JSON, for `posthorn listen`.
//!
//! The stream has no state here but its cursor, and tells the client every step of it: each event
//! line has its `id`, each heartbeat its `cursor`. A client that comes back with the last one it saw
//! (after its own restart or the server's) misses nothing.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream;
use http::{HeaderValue, header};
use jiff::Timestamp;
use posthorn_core::endpoint::Pattern;
use posthorn_core::event::{EventType, Mode};
use posthorn_core::id::EventId;
use posthorn_engine::clock::later;
use posthorn_engine::{By, Caller, Followed};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::attempts::Headers;
use crate::app::{App, OpenStream};
use crate::auth::AsMerchant;
use crate::params::{Params, refuse};
use crate::problem::{Code, Problem};
use crate::time;

/// How often a quiet stream says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events read at once.
const EVENTS_AT_ONCE: u32 = 50;
/// How long to wait after the database could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to wait for an older accept that is still under way.
const CATCH_UP: Duration = Duration::from_millis(20);

/// Streams that one merchant may have open: each holds up to a page of events in memory, for as long
/// as its client does not read.
const STREAMS_MAX: usize = 16;
/// When it is worth trying again to open one more, in seconds.
const STREAM_RETRY_S: u32 = 15;

/// A line of the stream.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ListenLine {
    /// An event.
    Event(ListenEvent),
    /// Nothing new.
    Heartbeat(ListenHeartbeat),
}

/// A line of the stream: an event as its contract would send it.
#[derive(Serialize, ToSchema)]
pub(super) struct ListenEvent {
    /// Its id: the cursor to come back with, as `after`.
    #[schema(value_type = String, example = "evt_01h2x3")]
    id: EventId,
    /// Its type.
    #[serde(rename = "type")]
    kind: String,
    /// Its headers, signed with the merchant's webhook secret.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Headers,
    /// Its body.
    body: String,
}

/// A line of the stream: nothing new; first at once, then every 15 s without events.
#[derive(Serialize, ToSchema)]
pub(super) struct ListenHeartbeat {
    /// Always `true`.
    heartbeat: bool,
    /// The cursor to come back with, as `after`.
    #[schema(value_type = String, example = "evt_01h2x3")]
    cursor: EventId,
    /// When, in real time.
    at: time::Timestamp,
}

/// Follow your test events as they are accepted: a stream of JSON lines that does not end.
///
/// Come back with the last `id` or `cursor` as `after`, and nothing is missed.
#[utoipa::path(get, path = "/v1/listen", tag = "sandbox",
    params(
        ("after" = Option<String>, Query,
            description = "Begin after this event; with what is to come when left out"),
        ("events" = Option<String>, Query,
            description = "Only these types: patterns as endpoints have them, with commas between")),
    responses(
        (status = 200, description = "Lines of JSON", content_type = "application/x-ndjson",
            body = ListenLine)))]
pub(super) async fn listen(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Result<Response, Problem> {
    let params = params.only(&["after", "events"])?;
    if merchant.mode != Mode::Test {
        let detail = "only test events can be followed; use a test key (`sk_test_…`)";
        return Err(Problem::new(Code::WrongMode, detail));
    }
    let patterns = params.text("events").map_or_else(|| Ok(Vec::new()), patterns)?;
    let after = match params.get("after")? {
        Some(after) => after,
        None => app.engine().newest_event(merchant.id).await?,
    };
    let place = app.open_stream(merchant.id, STREAMS_MAX).ok_or_else(|| {
        app.engine().bound_met("streams");
        let detail = format!("this merchant has {STREAMS_MAX} streams open; end one first");
        Problem::new(Code::TooManyStreams, detail).retry_after(STREAM_RETRY_S)
    })?;
    let stream = Listening::new((app, place), merchant, after, patterns);
    let lines = stream::unfold(stream, |mut listening| async {
        let line = listening.next_line().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(line), listening))
    });
    let kind = HeaderValue::from_static("application/x-ndjson");
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

fn patterns(text: &str) -> Result<Vec<Pattern>, Problem> {
    let parse = |text: &str| text.trim().parse::<Pattern>();
    text.split(',').map(parse).collect::<Result<_, _>>().map_err(|bad| {
        let what = bad.to_string();
        refuse("events", &what)
    })
}

/// One follower.
struct Listening {
    app: App,
    _place: OpenStream,
    merchant: AsMerchant,
    cursor: EventId,
    patterns: Vec<Pattern>,
    news: watch::Receiver<EventId>,
    stopping: watch::Receiver<bool>,
    ready: VecDeque<Bytes>,
    heartbeat: BoxFuture<'static, ()>,
    recheck: Timestamp,
}

/// What a quiet follower waits for.
enum Woken {
    News,
    Heartbeat,
    Stopping,
}

impl Listening {
    fn new(
        (app, place): (App, OpenStream),
        merchant: AsMerchant,
        cursor: EventId,
        patterns: Vec<Pattern>,
    ) -> Self {
        let mut news = app.engine().follow(merchant.id);
        news.mark_changed();
        let recheck = later(app.engine().now(), HEARTBEAT);
        let (stopping, heartbeat) = (app.stopping(), app.engine().wait(HEARTBEAT));
        let mut listening = Self {
            app,
            _place: place,
            merchant,
            cursor,
            patterns,
            news,
            stopping,
            ready: VecDeque::new(),
            heartbeat,
            recheck,
        };
        let first = listening.heartbeat_line();
        listening.ready.push_back(first);
        listening
    }

    /// The next line; `None` when the server is stopping, or the key was revoked.
    async fn next_line(&mut self) -> Option<Bytes> {
        loop {
            if !self.key_is_good().await {
                return None;
            }
            if let Some(line) = self.ready.pop_front() {
                self.heartbeat = self.app.engine().wait(HEARTBEAT);
                return Some(line);
            }
            match self.wait().await {
                Woken::Stopping => return None,
                Woken::Heartbeat => {
                    self.read_on().await;
                    let line = self.heartbeat_line();
                    self.ready.push_back(line);
                }
                Woken::News => self.read_on().await,
            }
        }
    }

    /// Whether the key still is; looked up again every so often, for streams outlive revocations.
    async fn key_is_good(&mut self) -> bool {
        let engine = self.app.engine();
        let Caller::Merchant { id, by: By::Key(key), .. } = self.merchant.caller else {
            return false;
        };
        if engine.now() < self.recheck {
            return true;
        }
        self.recheck = later(engine.now(), HEARTBEAT);
        match engine.keys(id).await {
            Ok(keys) => keys.iter().any(|known| known.id == key && known.revoked.is_none()),
            Err(_) => true,
        }
    }

    async fn wait(&mut self) -> Woken {
        if *self.stopping.borrow() {
            return Woken::Stopping;
        }
        tokio::select! {
            biased;
            _ = self.stopping.changed() => Woken::Stopping,
            _ = self.news.changed() => Woken::News,
            () = &mut self.heartbeat => Woken::Heartbeat,
        }
    }

    /// Reads what there is after the cursor.
    async fn read_on(&mut self) {
        let engine = self.app.engine();
        match engine.followed(self.merchant.place(), self.cursor, EVENTS_AT_ONCE).await {
            Ok(read) => {
                let moved = read.cursor != self.cursor;
                self.cursor = read.cursor;
                if read.is_behind(*self.news.borrow()) {
                    if !moved {
                        engine.wait(CATCH_UP).await;
                    }
                    self.news.mark_changed();
                }
                let wanted =
                    read.events.into_iter().filter(|event| wants(&self.patterns, &event.kind));
                let lines: Vec<Bytes> = wanted.map(event_line).collect();
                self.ready.extend(lines);
            }
            Err(error) => {
                tracing::warn!(%error, "a follower could not read on; it tries again");
                engine.wait(PAUSE).await;
                self.news.mark_changed();
            }
        }
    }

    fn heartbeat_line(&self) -> Bytes {
        let at = self.app.engine().now();
        let cursor = self.cursor;
        line(&ListenLine::Heartbeat(ListenHeartbeat { heartbeat: true, cursor, at: at.into() }))
    }
}

fn wants(patterns: &[Pattern], kind: &str) -> bool {
    let Ok(kind) = kind.parse::<EventType>() else { return false };
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&kind))
}

fn event_line(event: Followed) -> Bytes {
    let Followed { id, kind, headers, body } = event;
    let headers = Headers(headers);
    line(&ListenLine::Event(ListenEvent { id, kind, headers, body }))
}

fn line(value: &ListenLine) -> Bytes {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line.into()
}

//! The long-lived answer of `GET /v1/listen`: one event a line, from where one stopped.

use std::io::{BufRead, BufReader, Lines};
use std::time::Duration;

use anyhow::bail;
use posthorn_core::json::{self, Json};

use crate::cli::api::{Connection, problem, query};
use crate::cli::table::{plain, text};

/// The first wait before connecting again; each further one is twice as long.
const WAIT_FIRST: Duration = Duration::from_millis(250);
/// The longest wait before connecting again.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The longest wait that a server may ask for.
const WAIT_ASKED_MAX: Duration = Duration::from_mins(5);
/// The server says something at least every 15 s; after this much silence it is taken for gone.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// An event, as its contract would send it.
pub(super) struct Entry {
    /// Its id: the cursor.
    pub(super) id: String,
    /// Its type.
    pub(super) kind: String,
    /// The headers, signed.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: String,
}

/// Events one after the other, over as many connections as it takes.
pub(super) struct Stream {
    agent: ureq::Agent,
    server: String,
    key: String,
    cursor: Option<String>,
    events: Option<String>,
    wait: Duration,
    lines: Option<Lines<BufReader<ureq::BodyReader<'static>>>>,
}

impl Stream {
    /// A stream that begins after `cursor`, or with what is still to come; of the types that
    /// `events` names, with commas, or of all when it is empty.
    pub(super) fn new(
        connection: &Connection,
        cursor: Option<String>,
        events: &str,
    ) -> anyhow::Result<Self> {
        let Some(key) = connection.key.clone() else {
            bail!(
                "this needs a merchant's key: give `--key sk_test_…` or set POSTHORN_KEY (`posthorn \
                 merchant list --show-keys` shows those of a sandbox)"
            );
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_per_read(Some(SILENCE_MAX))
            .build();
        let server = connection.server.trim_end_matches('/').to_owned();
        let events = (!events.is_empty()).then(|| events.to_owned());
        let (agent, wait) = (config.into(), WAIT_FIRST);
        Ok(Self { agent, server, key, cursor, events, wait, lines: None })
    }

    /// The next event. Fails only on what connecting again would not mend: a refused key.
    pub(super) fn next(&mut self) -> anyhow::Result<Entry> {
        loop {
            let Some(lines) = &mut self.lines else {
                self.connect()?;
                continue;
            };
            let Some(Ok(line)) = lines.next() else {
                self.lines = None;
                self.rest("the connection ended", None);
                continue;
            };
            self.wait = WAIT_FIRST;
            let Ok(value) = json::parse(line.trim().as_bytes()) else { continue };
            if let Some(cursor) = value.get("cursor").and_then(Json::as_str) {
                self.cursor = Some(cursor.to_owned());
            }
            if let Some(entry) = entry(&value) {
                self.cursor = Some(entry.id.clone());
                return Ok(entry);
            }
        }
    }

    /// Connects, or waits before the next try.
    fn connect(&mut self) -> anyhow::Result<()> {
        let query = query(&[("after", self.cursor.as_deref()), ("events", self.events.as_deref())]);
        let request = self.agent.get(format!("{}/v1/listen{query}", self.server));
        match request.header("authorization", format!("Bearer {}", self.key)).call() {
            Ok(answer) if answer.status().is_success() => {
                let reader = answer.into_body().into_with_config().limit(u64::MAX).reader();
                self.lines = Some(BufReader::new(reader).lines());
                tell(format_args!("connected to {}", self.server));
                return Ok(());
            }
            Ok(mut answer) if is_final(answer.status()) => {
                let text = answer.body_mut().read_to_string().unwrap_or_default();
                let value = json::parse(text.as_bytes()).unwrap_or_default();
                return Err(problem(answer.status(), &text, &value));
            }
            Ok(answer) => {
                let why = format!("{} answered {}", self.server, answer.status());
                self.rest(&why, wait_asked(answer.headers()));
            }
            Err(error) => self.rest(&format!("cannot reach {}: {error}", self.server), None),
        }
        Ok(())
    }

    /// Waits before the next try: longer each time that nothing comes of one, and as long as the
    /// server asked for.
    fn rest(&mut self, why: &str, asked: Option<Duration>) {
        let wait = self.wait.max(asked.unwrap_or_default().min(WAIT_ASKED_MAX));
        tell(format_args!("{why}; connecting again in {} s", wait.as_secs_f32()));
        pause(wait);
        self.wait = (self.wait * 2).min(WAIT_MAX);
    }
}

/// Whether asking again would be answered alike: a wrong key does not become right, while too many
/// streams or a slow network pass.
fn is_final(status: http::StatusCode) -> bool {
    let passes = [http::StatusCode::REQUEST_TIMEOUT, http::StatusCode::TOO_MANY_REQUESTS];
    status.is_client_error() && !passes.contains(&status)
}

/// How long the server asks to be left alone.
fn wait_asked(headers: &http::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

/// An event's line; `None` for lines that only keep the connection alive.
fn entry(value: &Json) -> Option<Entry> {
    let headers = value.get("headers")?.as_object()?;
    let headers = headers.iter().map(|(name, value)| (name.to_owned(), plain(Some(value))));
    let headers = headers.collect();
    let body = value.get("body")?.as_str()?.to_owned();
    Some(Entry { id: text(value, "id"), kind: text(value, "type"), headers, body })
}

/// Says on standard error what a watching person wants to know.
fn tell(what: impl std::fmt::Display) {
    use std::io::Write;
    let _nobody_listens = writeln!(std::io::stderr(), "{what}");
}

#[expect(clippy::disallowed_methods, reason = "a person at a terminal waits in real time")]
fn pause(wait: Duration) {
    std::thread::sleep(wait);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_event_when_it_has_headers_and_a_body() {
        let line = br#"{"id":"evt_1","type":"a.b","headers":{"X-A":"1"},"body":"{}"}"#;
        let found = entry(&json::parse(line).unwrap()).unwrap();
        assert_eq!((found.id.as_str(), found.kind.as_str()), ("evt_1", "a.b"));
        assert_eq!(found.headers, [("X-A".to_owned(), "1".to_owned())]);
        assert!(entry(&json::parse(br#"{"cursor":"evt_1"}"#).unwrap()).is_none());
    }
}

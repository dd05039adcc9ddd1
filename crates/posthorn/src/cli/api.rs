//! The HTTP API from a terminal: one small client, whose errors a person can act on.

use std::time::Duration;

use anyhow::{Context, bail};
use posthorn_core::json::{self, Json};
use serde_json::Value;

use super::out::say;
use super::table::{plain, visible};

/// How long an answer may take: an advance of the sandbox clock answers within 30 s.
const ANSWER_WITHIN: Duration = Duration::from_mins(1);
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Which server, and as whom.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The server's base URL
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "POSTHORN_SERVER",
        default_value = "http://127.0.0.1:8080",
        hide_env_values = true
    )]
    pub(crate) server: String,

    /// A merchant's API key, as in `sk_test_…`
    #[arg(long, global = true, value_name = "KEY", env = "POSTHORN_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,

    /// The operator's admin key
    #[arg(
        long,
        global = true,
        value_name = "KEY",
        env = "POSTHORN_ADMIN_KEY",
        hide_env_values = true
    )]
    pub(crate) admin_key: Option<String>,

    /// Print the API's JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Whose key a call needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// A merchant's.
    Merchant,
    /// The operator's.
    Operator,
}

/// An answer: its text as it came, and read.
pub(crate) struct Reply {
    /// The text.
    pub(crate) text: String,
    /// The same, read; null when there was none.
    pub(crate) value: Json,
}

impl Reply {
    /// The rows of a list.
    pub(crate) fn rows(&self) -> &[Json] {
        self.value.get("data").and_then(Json::as_array).unwrap_or_default()
    }
}

/// A client of one server.
pub(crate) struct Client {
    agent: ureq::Agent,
    connection: Connection,
    /// The secret beside a merchant's key, for platforms whose programs send both.
    secret: Option<String>,
}

impl Client {
    /// A client; nothing is connected yet.
    pub(crate) fn new(connection: &Connection) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_WITHIN))
            .timeout_global(Some(ANSWER_WITHIN))
            .user_agent(concat!("posthorn/", env!("CARGO_PKG_VERSION")))
            .build();
        let mut connection = connection.clone();
        connection.server.truncate(connection.server.trim_end_matches('/').len());
        Self { agent: config.into(), connection, secret: None }
    }

    /// The same, which sends key and secret in headers of their own too (`X-API-Key`, `X-API-Secret`).
    pub(crate) fn with_secret(self, secret: String) -> Self {
        Self { secret: Some(secret), ..self }
    }

    /// Whether JSON is wanted rather than tables.
    pub(crate) fn wants_json(&self) -> bool {
        self.connection.json
    }

    /// GETs `path` (with its query).
    pub(crate) fn get(&self, who: As, path: &str) -> anyhow::Result<Reply> {
        self.answer(self.request(who, "GET", path)?.body(()).map(|request| self.agent.run(request)))
    }

    /// DELETEs `path`.
    pub(crate) fn delete(&self, who: As, path: &str) -> anyhow::Result<Reply> {
        let request = self.request(who, "DELETE", path)?.body(());
        self.answer(request.map(|request| self.agent.run(request)))
    }

    /// POSTs JSON to `path`.
    pub(crate) fn post(&self, who: As, path: &str, body: &Value) -> anyhow::Result<Reply> {
        self.send(who, ("POST", path), body.to_string(), None)
    }

    /// Sends JSON to `path` as a PATCH.
    pub(crate) fn patch(&self, who: As, path: &str, body: &Value) -> anyhow::Result<Reply> {
        self.send(who, ("PATCH", path), body.to_string(), None)
    }

    /// Sends a JSON text as it is, with an idempotency key if there is one.
    pub(crate) fn send(
        &self,
        who: As,
        (method, path): (&str, &str),
        body: String,
        once: Option<&str>,
    ) -> anyhow::Result<Reply> {
        let mut request = self.request(who, method, path)?;
        request = request.header("content-type", "application/json");
        if let Some(once) = once {
            request = request.header("idempotency-key", once);
        }
        self.answer(request.body(body).map(|request| self.agent.run(request)))
    }

    /// Prints the answer's JSON when that is wanted; otherwise lets `people` print it.
    pub(crate) fn show(&self, reply: &Reply, people: impl FnOnce(&Reply)) {
        if self.wants_json() {
            say(reply.text.trim_end());
        } else {
            people(reply);
        }
    }

    /// DELETEs what a merchant has at `path` under this id, and says so.
    pub(crate) fn deletes(&self, path: &str, id: &str) -> anyhow::Result<()> {
        self.delete(As::Merchant, &format!("{path}/{}", segment(id)))?;
        if self.wants_json() {
            say(serde_json::json!({"id": id, "deleted": true}));
        } else {
            say(format_args!("{id} is deleted"));
        }
        Ok(())
    }

    fn request(&self, who: As, method: &str, path: &str) -> anyhow::Result<http::request::Builder> {
        let url = format!("{}{path}", self.connection.server);
        let key = self.key(who)?;
        let request = http::Request::builder().method(method).uri(url);
        let request = request.header("authorization", format!("Bearer {key}"));
        Ok(match &self.secret {
            Some(secret) => request.header("x-api-key", key).header("x-api-secret", secret),
            None => request,
        })
    }

    fn key(&self, who: As) -> anyhow::Result<&str> {
        let merchant = self.connection.key.as_deref();
        let operator = self.connection.admin_key.as_deref();
        let key = match who {
            As::Merchant => merchant,
            As::Operator => operator,
        };
        match (key, who) {
            (Some(key), _) => Ok(key),
            (None, As::Operator) => bail!(
                "this needs the admin key: give `--admin-key KEY` or set POSTHORN_ADMIN_KEY (it was \
                 shown once when the server first started)"
            ),
            (None, As::Merchant) => bail!(
                "this needs a merchant's key: give `--key sk_test_…` or set POSTHORN_KEY (`posthorn \
                 merchant list --show-keys` shows those of a sandbox)"
            ),
        }
    }

    fn answer(
        &self,
        answer: Result<Result<http::Response<ureq::Body>, ureq::Error>, http::Error>,
    ) -> anyhow::Result<Reply> {
        let server = &self.connection.server;
        let answer = answer.with_context(|| format!("`{server}` is not a server's URL"))?;
        let mut answer = answer.map_err(|error| unreachable(server, &error))?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = body.with_context(|| format!("the answer of {server} broke off"))?;
        let value = json::parse(text.as_bytes()).unwrap_or_default();
        if status.is_success() {
            return Ok(Reply { text, value });
        }
        Err(problem(status, &text, &value))
    }
}

/// Why there was no answer, and what to look at.
pub(crate) fn unreachable(server: &str, error: &ureq::Error) -> anyhow::Error {
    anyhow::anyhow!(
        "cannot reach the server at {server}: {error}; is `posthorn serve` running there? `--server` \
         or POSTHORN_SERVER names another"
    )
}

/// A problem document (RFC 9457) as an error.
pub(crate) fn problem(status: http::StatusCode, text: &str, value: &Json) -> anyhow::Error {
    let member = |name: &str| value.get(name).and_then(Json::as_str);
    let title = visible(member("title").or(status.canonical_reason()).unwrap_or("refused"));
    let mut message = match member("detail") {
        Some(detail) => format!("{} ({} {title})", visible(detail), status.as_u16()),
        None if value.as_object().is_some() => format!("{} {title}", status.as_u16()),
        None => format!("{} {title}: {}", status.as_u16(), visible(text.trim())),
    };
    for (name, value) in value.as_object().iter().flat_map(|members| members.iter()) {
        let known = ["type", "title", "status", "detail", "instance", "code"].contains(&name);
        if !known && !value.is_null() {
            message.extend(["\n  ", &visible(name), ": ", &plain(Some(value))]);
        }
    }
    anyhow::anyhow!(message)
}

/// A query string of those parameters that are there, `?` included; empty without any.
pub(crate) fn query(parameters: &[(&str, Option<&str>)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// A path segment with what may not stand in one escaped.
pub(crate) fn segment(text: &str) -> String {
    let escaped: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    escaped.replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_reads_as_a_sentence_with_its_members() {
        let value = json::parse(
            br#"{"type": "about:blank", "title": "Bad Request", "status": 400,
                 "detail": "`url` must be an absolute URL", "field": "url", "request_id": "r1"}"#,
        )
        .unwrap();
        let error = problem(http::StatusCode::BAD_REQUEST, "", &value);
        insta::assert_snapshot!(error, @r"
        `url` must be an absolute URL (400 Bad Request)
          field: url
          request_id: r1
        ");
    }

    #[test]
    fn only_given_parameters_stand_in_a_query() {
        assert_eq!(query(&[("a", None), ("b", Some("x y&z")), ("c", Some("1"))]), "?b=x+y%26z&c=1");
        assert_eq!(query(&[("a", None)]), "");
        assert_eq!(segment("a b/c"), "a%20b%2Fc");
    }
}

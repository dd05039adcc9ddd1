//! Attempts: what was sent, what came back, how long each phase took.

use std::str::FromStr;

use axum::extract::State;
use data_encoding::BASE64;
use posthorn_core::attempt::{Answer as Got, Attempt, Phases, Tried};
use posthorn_core::id::DeliveryId;
use posthorn_engine::SentRequest;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::params::Ids;
use crate::problem::{Code, Problem};
use crate::time::Timestamp;

/// Headers as an object, in their order; several of one name are joined with commas.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Headers(pub(super) Vec<(String, String)>);

impl Headers {
    fn joined(&self) -> Vec<(&str, String)> {
        let mut joined: Vec<(&str, String)> = Vec::new();
        for (name, value) in &self.0 {
            match joined.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some((_, values)) => {
                    values.push_str(", ");
                    values.push_str(value);
                }
                None => joined.push((name, value.clone())),
            }
        }
        joined
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.joined())
    }
}

/// A body: text, or base64 where it is not UTF-8.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BodyText)]
pub(super) struct BodyOut {
    /// The body.
    body: String,
    /// How `body` is written, where it is not plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "base64")]
    encoding: Option<&'static str>,
}

impl From<Vec<u8>> for BodyOut {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(body) => Self { body, encoding: None },
            Err(not_text) => {
                Self { body: BASE64.encode(not_text.as_bytes()), encoding: Some("base64") }
            }
        }
    }
}

/// How long each phase took, in milliseconds; what was not reached or not needed is left out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Phases)]
pub(super) struct PhasesOut {
    /// Looking the name up and vetting the addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    dns: Option<f64>,
    /// The TCP handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<f64>,
    /// The TLS handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<f64>,
    /// From the request's first byte to the end of the answer's headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<f64>,
    /// Reading the answer's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<f64>,
}

impl From<&Phases> for PhasesOut {
    fn from(phases: &Phases) -> Self {
        let ms = |phase: Option<u32>| phase.map(|us| f64::from(us) / 1000.0);
        Self {
            dns: ms(phases.dns_us),
            connect: ms(phases.connect_us),
            tls: ms(phases.tls_us),
            headers: ms(phases.headers_us),
            body: ms(phases.body_us),
        }
    }
}

/// What a receiver answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReceivedResponse)]
pub(super) struct ResponseOut {
    /// Its headers.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Headers,
    /// Its body: 16 KiB of a failure, 1 KiB of a success.
    #[serde(flatten)]
    body: BodyOut,
    /// Whether there was more body than is kept.
    truncated: bool,
}

impl From<Got> for ResponseOut {
    fn from(answer: Got) -> Self {
        Self {
            headers: Headers(answer.headers),
            body: answer.body.to_vec().into(),
            truncated: answer.truncated,
        }
    }
}

/// What came of one try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tried)]
pub(super) struct TriedOut {
    /// The HTTP status, if the head of an answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why no whole answer came, whatever its status: `dns`, `refused`, `connect`, `tls`,
    /// `timeout_dns`, `timeout_connect`, `timeout_tls`, `timeout_headers`, `timeout_body`, `reset`,
    /// `protocol`, `too_large` or `stopped` (the server was, while it waited).
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The whole try, in milliseconds.
    duration_ms: f64,
    /// Each phase of it, in milliseconds.
    phases: PhasesOut,
    /// The address that was connected to.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<String>,
    /// What came back, as far as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseOut>,
}

impl From<Tried> for TriedOut {
    #[expect(clippy::cast_precision_loss, reason = "a try takes minutes at most")]
    fn from(tried: Tried) -> Self {
        let (status, unreachable, response) = match tried.result {
            Ok(answer) => (Some(answer.status), None, Some(answer.into())),
            Err(mut unreachable) => {
                let partial = unreachable.partial.take().map(|partial| *partial);
                let status = partial.as_ref().map(|partial| partial.status);
                (status, Some(unreachable), partial.map(ResponseOut::from))
            }
        };
        Self {
            status,
            error: unreachable.as_ref().map(|unreachable| unreachable.class.name()),
            detail: unreachable.map(|unreachable| unreachable.detail),
            duration_ms: tried.phases.total_us() as f64 / 1000.0,
            phases: (&tried.phases).into(),
            peer: tried.peer.map(|peer| peer.to_string()),
            response,
        }
    }
}

/// One try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptOut {
    /// Its place in this list, from 1: for `/attempts/{n}/request`.
    n: u32,
    /// Its number within its run, as on the wire, from 1.
    number: u32,
    /// The round of the schedule, from 1.
    run: u32,
    /// When it began, on the merchant's clock.
    at: Timestamp,
    /// Whether it was sent but changed nothing: it ended after its lease had, or was cut off when the
    /// server stopped.
    late: bool,
    /// The version of the endpoint's settings that it used.
    endpoint_version: u32,
    /// What came of it.
    #[serde(flatten)]
    tried: TriedOut,
}

impl AttemptOut {
    pub(super) fn of(n: u32, attempt: Attempt) -> Self {
        Self {
            n,
            number: attempt.number,
            run: attempt.run,
            at: attempt.at.into(),
            late: attempt.late,
            endpoint_version: attempt.rendering.endpoint_version,
            tried: attempt.tried.into(),
        }
    }
}

/// The last try of a delivery, as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LastAttempt)]
pub(super) struct LastAttemptOut {
    /// Its number within its run, as on the wire, from 1.
    number: u32,
    /// The round of the schedule, from 1.
    run: u32,
    /// When it began, on the merchant's clock.
    at: Timestamp,
    /// Whether it was sent but changed nothing.
    late: bool,
    /// What came of it.
    #[serde(flatten)]
    tried: TriedOut,
}

impl From<Attempt> for LastAttemptOut {
    fn from(attempt: Attempt) -> Self {
        let Attempt { number, run, late, .. } = attempt;
        Self { number, run, at: attempt.at.into(), late, tried: attempt.tried.into() }
    }
}

/// A request as it was sent, byte for byte.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SentRequest)]
pub(super) struct RequestOut {
    /// Where it went.
    url: String,
    /// Its headers, in order; HTTP's own left out.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    headers: Headers,
    /// Its body.
    #[serde(flatten)]
    body: BodyOut,
    /// The same as a command for a shell, with the signature of that moment.
    curl: String,
}

impl From<SentRequest> for RequestOut {
    fn from(sent: SentRequest) -> Self {
        let curl = sent.curl();
        Self { url: sent.url, headers: Headers(sent.headers), body: sent.body.into(), curl }
    }
}

/// An attempt's place in its delivery's list, from 1.
pub(super) struct Nth(usize);

impl FromStr for Nth {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "attempts are counted 1, 2, 3 and so on")
    }
}

/// Read the request of one attempt as it was sent, byte for byte.
#[utoipa::path(get, path = "/v1/deliveries/{id}/attempts/{n}/request", tag = "deliveries",
    params(
        ("id" = String, Path, description = "The delivery"),
        ("n" = u32, Path, description = "The attempt's place in the delivery's list, from 1")),
    responses((status = 200, description = "The request", body = RequestOut)))]
pub(super) async fn get_sent_request(
    State(app): State<App>,
    merchant: AsMerchant,
    Ids(id, Nth(n)): Ids<DeliveryId, Nth>,
) -> Answered<RequestOut> {
    let record = app.engine().delivery(merchant.id, merchant.mode, id).await?;
    let made = record.attempts.len();
    let index = n.checked_sub(1).filter(|index| *index < made).ok_or_else(|| {
        let detail = format!("there is no attempt {n}; the delivery has {made}, counted from 1");
        Problem::new(Code::NotFound, detail)
    })?;
    let sent = app.engine().sent_request(&record, index).await?;
    Ok(Answer::ok(sent.into()))
}

//! The request history: the calls of the last days, found by their ids and by what they were.

use std::sync::Arc;

use axum::extract::State;
use posthorn_core::event::Mode;
use posthorn_core::history::{By, Call, Kept, Owner, Statuses, Wanted};
use posthorn_core::id::{EventId, MerchantId};
use posthorn_engine::{Caller, FoundCall, RequestQuery};
use posthorn_store::Whose;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsAnyone;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params, refuse};
use crate::problem::Problem;
use crate::time::Timestamp;

/// One call of the API.
#[derive(Serialize, ToSchema)]
#[schema(as = Request)]
pub(super) struct RequestOut {
    /// Its id, as in `X-Request-Id`: yours, else the one that was made for it.
    #[schema(value_type = String, example = "req_019e2f4b8c09f3c21aa2a")]
    id: Arc<str>,
    /// When it began.
    at: Timestamp,
    /// How long it took, in milliseconds, to the microsecond.
    #[schema(example = 3.812)]
    duration_ms: f64,
    /// Whose it is; left out where nobody was known, and where the operator called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    merchant: Option<MerchantId>,
    /// `test` or `live`, where it is a merchant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    /// Who called: the key's id, the application's (by an access token), `operator`, or `nobody`.
    #[schema(example = "key_3")]
    by: String,
    #[schema(value_type = String, example = "POST")]
    method: Arc<str>,
    /// The path with its query.
    #[schema(value_type = String, example = "/v1/payments")]
    path: Arc<str>,
    /// The HTTP status.
    #[schema(example = 422)]
    status: u16,
    /// The code of the error that was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "invalid_setting")]
    code: Option<Arc<str>>,
    /// The address it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "203.0.113.7")]
    address: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    user_agent: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    idempotency_key: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    content_type: Option<Arc<str>>,
    /// Bytes of what was sent.
    bytes_in: u64,
    /// Bytes of what was answered.
    bytes_out: u64,
    /// The events that were accepted with it; they hold what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    events: Vec<EventId>,
}

/// One call with its bodies.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestWithBodies)]
pub(super) struct WholeOut {
    #[serde(flatten)]
    request: RequestOut,
    /// What was sent, without secrets and card numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<BodyOut>,
    /// What was answered, in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<BodyOut>,
    /// How many calls carry this id: more than one only where the caller brought it. This is the newest.
    calls: usize,
}

/// What is kept of a body.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptBody)]
struct BodyOut {
    /// Its text.
    text: String,
    /// Whether this is only its beginning: 4 KiB are kept.
    cut: bool,
}

impl From<Call> for RequestOut {
    fn from(call: Call) -> Self {
        let by = match call.by {
            By::Nobody => "nobody".to_owned(),
            By::Operator => "operator".to_owned(),
            By::Program(application) => application.to_string(),
            By::Key(key) => key.to_string(),
        };
        #[expect(clippy::cast_precision_loss, reason = "a time that no call takes")]
        let duration_ms = call.took_us as f64 / 1000.0;
        Self {
            id: call.id,
            at: call.at.into(),
            duration_ms,
            merchant: call.owner.map(|(merchant, _)| merchant),
            mode: call.owner.map(|(_, mode)| mode.name()),
            by,
            method: call.asked.method,
            path: call.asked.path,
            status: call.status,
            code: call.code,
            address: call.asked.peer,
            user_agent: call.asked.user_agent,
            idempotency_key: call.asked.idempotency_key,
            content_type: call.asked.content_type,
            bytes_in: call.request.bytes,
            bytes_out: call.response.bytes,
            events: call.events,
        }
    }
}

fn body(kept: &Kept) -> Option<BodyOut> {
    match kept {
        Kept::Nothing => None,
        Kept::Whole(text) => Some(BodyOut { text: text.to_string(), cut: false }),
        Kept::Cut(text) => Some(BodyOut { text: text.to_string(), cut: true }),
    }
}

/// List the calls of the last days, newest first, without their bodies.
///
/// A merchant's key sees its own calls in its mode; the admin key sees all. A page looks through so much of the history and no more: with
/// filters that fit little it may be short, even empty, and still have a `next_cursor`.
#[utoipa::path(get, path = "/v1/requests", tag = "operations",
    params(
        ("status" = Option<String>, Query, description = "Answered with this status (`404`), or one of this class (`4xx`)"),
        ("method" = Option<String>, Query, description = "With this method"),
        ("path" = Option<String>, Query, description = "To a path that begins so"),
        ("code" = Option<String>, Query, description = "Refused with this code"),
        ("after" = Option<String>, Query, description = "Begun at or after this time"),
        ("before" = Option<String>, Query, description = "Begun before this time"),
        ("q" = Option<String>, Query, description = "With this text in the path, a body, the code, the id or the user agent, in letters of any size"),
        ("merchant" = Option<String>, Query, description = "Of this merchant, with `mode` (admin key only)"),
        ("mode" = Option<String>, Query, description = "`test` or `live`, with `merchant` (admin key only)")),
    responses((status = 200, description = "A page", body = Listed<RequestOut>)))]
pub(super) async fn list_requests(
    State(app): State<App>,
    AsAnyone(caller): AsAnyone,
    params: Params,
) -> Answered<Listed<RequestOut>> {
    let (known, whose) = match caller {
        Caller::Merchant { id, mode, .. } => (&KNOWN[2..], Whose::Of(Some((id, mode)))),
        Caller::Operator => (&KNOWN[..], Whose::All),
    };
    let params = params.only(known)?;
    let whose = named(&params)?.map_or(whose, |owner| Whose::Of(Some(owner)));
    let wanted = Wanted {
        status: params.get::<Statuses>("status")?,
        method: params.get("method")?,
        path: params.get("path")?,
        code: params.get("code")?,
        after: params.time("after")?,
        before: params.time("before")?,
        text: None,
    };
    let wanted = wanted.with_text(params.text("q"));
    let asked = Asked::read(&app, &params, &format!("requests {whose:?}"))?;
    let query = RequestQuery { whose, wanted };
    let page = app.engine().requests(query, asked.after(), asked.rows()).await?;
    let show = |found: FoundCall| RequestOut::from(found.call);
    Ok(Answer::ok(asked.answer_until(&app, page.calls.into_iter().map(show), page.next)))
}

/// What a list may be asked by; the first two by the operator alone.
const KNOWN: [&str; 11] = [
    "merchant", "mode", "status", "method", "path", "code", "after", "before", "q", "limit",
    "cursor",
];

/// The merchant that an operator names, and the mode.
fn named(params: &Params) -> Result<Option<(MerchantId, Mode)>, Problem> {
    let merchant: Option<MerchantId> = params.get("merchant")?;
    match (merchant, params.text("mode")) {
        (None, None) => Ok(None),
        (Some(merchant), Some("test")) => Ok(Some((merchant, Mode::Test))),
        (Some(merchant), Some("live")) => Ok(Some((merchant, Mode::Live))),
        (None, Some(_)) => Err(refuse("merchant", "must stand beside `mode`")),
        (Some(_), _) => Err(refuse("mode", "must be `test` or `live`, beside `merchant`")),
    }
}

/// Read one call with its bodies, by its `X-Request-Id`.
#[utoipa::path(get, path = "/v1/requests/{id}", tag = "operations",
    params(("id" = String, Path, description = "The request's id")),
    responses((status = 200, description = "The call", body = WholeOut)))]
pub(super) async fn get_request(
    State(app): State<App>,
    AsAnyone(caller): AsAnyone,
    Id(id): Id<String>,
) -> Answered<WholeOut> {
    let owner: Owner = match caller {
        Caller::Merchant { id, mode, .. } => Some((id, mode)),
        Caller::Operator => None,
    };
    let whose = owner.map_or(Whose::All, |owner| Whose::Of(Some(owner)));
    let (call, calls) = app.engine().request(whose, &id).await?;
    let (request_body, response_body) = (body(&call.request.kept), body(&call.response.kept));
    Ok(Answer::ok(WholeOut { request: call.into(), request_body, response_body, calls }))
}

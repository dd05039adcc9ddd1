//! Notices: what Posthorn tells a merchant about its own endpoints, as events like any other.
//!
//! They are accepted in the transaction of what they tell of. Only endpoints whose patterns name
//! them (`posthorn.*`) get them; the list of events shows them in any case. A notice about a notice
//! is not made.

use jiff::Timestamp;
use posthorn_core::delivery::Claim;
use posthorn_core::endpoint::{DisabledWhy, Endpoint};
use posthorn_core::event::{Mode, NewEvent, Payload};
use posthorn_core::id::MerchantId;
use posthorn_core::json::{Json, Style};
use posthorn_store::Accept;

use crate::accept::{Audience, Leasing};
use crate::shared::Shared;

/// The types of all notices, with what each tells.
pub const NOTICES: [(&str, &str); 5] = [
    (
        "posthorn.endpoint.paused",
        "Everything sent to an endpoint has failed for too long; it is paused",
    ),
    (
        "posthorn.endpoint.disabled",
        "An endpoint was disabled: it answered 410 Gone, or somebody asked",
    ),
    ("posthorn.endpoint.enabled", "An endpoint was enabled again"),
    ("posthorn.delivery.exhausted", "A delivery used up its tries"),
    (
        "posthorn.delivery.unsendable",
        "A delivery could not be sent: its body is too large, or its contract or secret is unusable",
    ),
];

/// Something to tell a merchant.
pub(crate) enum Notice<'a> {
    Paused { endpoint: &'a Endpoint, failing_since: Timestamp },
    Disabled { endpoint: &'a Endpoint, why: DisabledWhy },
    Enabled { endpoint: &'a Endpoint },
    Exhausted { claim: &'a Claim, called: &'a str },
    TooLarge { claim: &'a Claim, bytes: usize, limit: usize },
    Unsendable { claim: &'a Claim, what: &'a str },
}

fn text(value: &(impl ToString + ?Sized)) -> Json {
    Json::String(value.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "sizes of bodies are far below 2^53")]
fn number(value: usize) -> Json {
    Json::Number(value as f64)
}

impl Notice<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Paused { .. } => "posthorn.endpoint.paused",
            Self::Disabled { .. } => "posthorn.endpoint.disabled",
            Self::Enabled { .. } => "posthorn.endpoint.enabled",
            Self::Exhausted { .. } => "posthorn.delivery.exhausted",
            Self::TooLarge { .. } | Self::Unsendable { .. } => "posthorn.delivery.unsendable",
        }
    }

    /// The delivery it tells of, where it tells of one.
    fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Paused { .. } | Self::Disabled { .. } | Self::Enabled { .. } => None,
            Self::Exhausted { claim, .. }
            | Self::TooLarge { claim, .. }
            | Self::Unsendable { claim, .. } => Some(claim),
        }
    }

    /// Whether it is worth a row even when nobody subscribes to it.
    fn always_recorded(&self) -> bool {
        !matches!(self, Self::Exhausted { .. })
    }

    fn members(&self) -> Vec<(&'static str, Json)> {
        let about = |endpoint: &Endpoint| {
            vec![("endpoint", text(&endpoint.id)), ("url", text(&endpoint.settings.url))]
        };
        let of = |claim: &Claim| {
            vec![
                ("delivery", text(&claim.delivery)),
                ("endpoint", text(&claim.endpoint)),
                ("event", text(&claim.event.wire_id())),
                ("type", text(&claim.event.kind)),
            ]
        };
        let (mut members, more) = match self {
            Self::Paused { endpoint, failing_since } => {
                (about(endpoint), vec![("failing_since", text(&format!("{failing_since:.3}")))])
            }
            Self::Disabled { endpoint, why } => {
                let why = match why {
                    DisabledWhy::Requested => "requested",
                    DisabledWhy::Gone => "gone",
                };
                (about(endpoint), vec![("why", text(why))])
            }
            Self::Enabled { endpoint } => (about(endpoint), Vec::new()),
            Self::Exhausted { claim, called } => {
                let more = vec![("why", text("schedule")), ("called", text(called))];
                (of(claim), more)
            }
            Self::TooLarge { claim, bytes, limit } => {
                let more = vec![
                    ("why", text("too_large")),
                    ("body_bytes", number(*bytes)),
                    ("body_bytes_max", number(*limit)),
                ];
                (of(claim), more)
            }
            Self::Unsendable { claim, what } => {
                (of(claim), vec![("why", text("unsendable")), ("detail", text(what))])
            }
        };
        members.extend(more);
        members
    }
}

impl Shared {
    /// A notice as an event to accept, with its deliveries; none about notices, and none that
    /// nobody would see. Followers wait for it until they are told that it is written.
    pub(crate) fn notice(
        &self,
        merchant: MerchantId,
        mode: Mode,
        now: Timestamp,
        notice: &Notice<'_>,
    ) -> Vec<Accept> {
        if notice.claim().is_some_and(|claim| claim.event.kind.is_notice()) {
            return Vec::new();
        }
        let Ok(kind) = notice.kind().parse() else { return Vec::new() };
        let parsed = Json::object(notice.members());
        let data = Payload::from_canonical(parsed.to_vec(Style::Js).into());
        let event = NewEvent { kind, data, parsed, reference: None, about: None };
        let Some(audience) = self.audience(merchant, mode) else { return Vec::new() };
        let audience = Audience { now, ..audience };
        let _running = self.followers.begin(merchant, self.last_event_id());
        let composed = self.compose(&audience, event, None, Leasing::Never);
        if composed.accept.deliveries.is_empty() && !notice.always_recorded() {
            return Vec::new();
        }
        self.followers.await_notice(merchant, composed.accept.event.id);
        vec![composed.accept]
    }
}

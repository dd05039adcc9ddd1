//! Why an event was, or was not, sent to each endpoint.

use axum::extract::State;
use posthorn_core::id::EndpointId;
use posthorn_core::route::Decision;
use posthorn_engine::{Explanation, Reason, SettingChanged};
use serde::Serialize;
use utoipa::ToSchema;

use super::deliveries::DeliveryOut;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::list::Listed;
use crate::params::Id;
use crate::time::Timestamp;

/// Why one endpoint got an event, or did not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(super) struct ExplanationOut {
    /// The endpoint.
    #[schema(value_type = String, example = "ep_1")]
    endpoint: EndpointId,
    /// Its URL now; the last one it had, where it was deleted.
    url: String,
    /// When it was deleted, on the merchant's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<Timestamp>,
    /// Whether there is a delivery.
    sent: bool,
    /// One of `matches`, `meant_for_it`, `type_not_wanted`, `filtered_out`, `meant_for_another`,
    /// `created_later`; `changed_meanwhile`: not sent although it matches, for it was created, changed
    /// or deleted while the event was being accepted; `sent_under_other_settings`: sent although it
    /// does not match, for the same reason; `endpoint_deleted`: sent, and deleted since.
    reason: &'static str,
    /// The reason in words.
    detail: String,
    /// The delivery, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryOut>,
    /// Settings that have changed since the event was accepted.
    changed: Vec<&'static str>,
    /// What the settings of now would decide, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<DecisionOut>,
}

/// What would be decided now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
struct DecisionOut {
    /// Whether it would be sent.
    sent: bool,
    /// The reason, as above.
    reason: &'static str,
    /// The reason in words.
    detail: String,
}

impl From<&Decision> for DecisionOut {
    fn from(decision: &Decision) -> Self {
        let (reason, detail) = match decision {
            Decision::Send => {
                ("matches", "its patterns and its filter let the event through".into())
            }
            Decision::SendOnly => ("meant_for_it", "a test event, meant for it alone".into()),
            Decision::TypeNotWanted => {
                ("type_not_wanted", "none of its `events` patterns matches the type".into())
            }
            Decision::FilteredOut(mismatch) => ("filtered_out", format!("its filter: {mismatch}")),
            Decision::MeantForAnother(other) => {
                ("meant_for_another", format!("a test event, meant for {other} alone"))
            }
        };
        Self { sent: decision.sends(), reason, detail }
    }
}

impl From<Explanation> for ExplanationOut {
    fn from(explanation: Explanation) -> Self {
        let DecisionOut { reason, detail, .. } = match &explanation.reason {
            Reason::Routed(decision) => decision.into(),
            Reason::CreatedLater(at) => DecisionOut {
                sent: false,
                reason: "created_later",
                detail: format!("it was created on {at}, after the event was accepted"),
            },
            Reason::ChangedMeanwhile => DecisionOut {
                sent: false,
                reason: "changed_meanwhile",
                detail: "its settings of that moment let the event through, but it was created, \
                         changed or deleted while the event was being accepted, and got no delivery"
                    .into(),
            },
            Reason::Sent => DecisionOut {
                sent: true,
                reason: "sent_under_other_settings",
                detail: "it was sent under settings that were being changed at that moment".into(),
            },
            Reason::Deleted => DecisionOut {
                sent: true,
                reason: "endpoint_deleted",
                detail: "there was a delivery for it, and the endpoint was deleted since".into(),
            },
        };
        Self {
            endpoint: explanation.endpoint,
            url: explanation.url,
            deleted: explanation.deleted.map(Timestamp),
            sent: explanation.delivery.is_some(),
            reason,
            detail,
            delivery: explanation.delivery.map(DeliveryOut::from),
            changed: explanation.changed.into_iter().map(SettingChanged::name).collect(),
            now: explanation.now.as_ref().map(DecisionOut::from),
        }
    }
}

/// Say, for each endpoint, why an event was or was not sent.
///
/// Decided again from the record: the event, and the endpoint's settings as they stood when it was
/// accepted. Endpoints that were there then and are deleted now are named too.
#[utoipa::path(get, path = "/v1/events/{id}/explain", tag = "events",
    params(("id" = String, Path, description = "The event, by Posthorn's id or by yours")),
    responses((status = 200, description = "Every endpoint", body = Listed<ExplanationOut>)))]
pub(super) async fn explain_event(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
) -> Answered<Listed<ExplanationOut>> {
    let (merchant, mode) = merchant.place();
    let event = app.engine().event(merchant, mode, &id).await?;
    let all = app.engine().explain(merchant, mode, &event).await?;
    Ok(Answer::ok(Listed::whole(all.into_iter().map(ExplanationOut::from).collect())))
}

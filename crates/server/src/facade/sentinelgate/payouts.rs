//! "Create a payout", "Get payout status": the guide names the routes and the form of their answers, and 402 where the merchant's
//! balance is short.

use axum::extract::State;
use axum::response::Response;
use posthorn_core::contract::{Kind, Rail};
use posthorn_core::json::{self, Json, Style};
use posthorn_core::money::Asset;
use posthorn_core::payout::{Payout, State as Standing, Wish};
use posthorn_engine::PayoutDraft;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Code, Fault};
use super::{Keyed, answer, whole_seconds, wish};
use crate::app::App;
use crate::body::Sent;
use crate::params::Id;
use crate::problem::Problem;

#[derive(Deserialize)]
struct PayoutIn<'a> {
    #[serde(borrow)]
    amount_cents: Option<&'a RawValue>,
    currency: Option<String>,
    provider: Option<String>,
    destination: Option<String>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    callback_url: Option<String>,
}

pub(super) async fn create_payout(
    State(app): State<App>,
    merchant: Keyed,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let sent = sent?;
    let engine = app.engine();
    let usual = |asset| engine.usual_payout_provider(merchant.id, asset);
    let draft = read(&sent.body, usual)?;
    let provider = engine.provider(merchant.id, &draft.wish.provider);
    if provider.is_some_and(|provider| provider.rails.contains(&Rail::Mpesa)) {
        wish::phone(&draft.wish.destination, "destination")?;
    }
    let (payout, _) =
        engine.create_payout(merchant.caller, merchant.place(), draft, sent.key.as_ref()).await?;
    if payout.refusal.as_ref().is_some_and(|refusal| refusal.unreached) {
        return Err(Fault::unreached());
    }
    Ok(shown(&app, &payout))
}

pub(super) async fn get_payout(
    State(app): State<App>,
    merchant: Keyed,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let id = app.engine().payout_id(merchant.id, &id);
    let id = id.map_err(|_| Fault::new(Code::PayoutNotFound, "there is no such payout"))?;
    let payout = app.engine().payout(merchant.place(), id).await;
    Ok(shown(&app, &payout.map_err(|error| Fault::from(error).of_payout())?))
}

/// What the engine is asked for; `usual` says who sends payouts in an asset.
fn read(body: &[u8], usual: impl FnOnce(Asset) -> Option<String>) -> Result<PayoutDraft, Fault> {
    let PayoutIn { amount_cents, currency, provider, destination, metadata, callback_url } =
        wish::parse(body)?;
    let asset = wish::currency(currency.as_deref())?;
    let money = wish::amount(amount_cents, asset)?;
    let notes = metadata;
    let metadata = wish::metadata(notes)?;
    let text = |name: &str| metadata.get(name).and_then(Json::as_str).map(str::to_owned);
    let destination =
        destination.or_else(|| text("phone_number")).or_else(|| text("account_number"));
    let Some(destination) = destination.filter(|destination| !destination.is_empty()) else {
        let what = "destination is required: a phone number (254XXXXXXXXX) or an account number";
        return Err(Fault::new(Code::InvalidRequest, what).at("destination"));
    };
    let nobody = || {
        let what = format!("no provider sends payouts in {asset}");
        Fault::new(Code::InvalidCurrency, what).at("currency")
    };
    let named = match wish::reference((&metadata, notes), "order_reference")? {
        None => wish::reference((&metadata, notes), "reference")?,
        named => named,
    };
    let wish = Wish {
        destination,
        provider: provider.or_else(|| usual(asset)).ok_or_else(nobody)?,
        reference: named,
        description: text("description"),
        metadata: String::from_utf8(metadata.to_vec(Style::Js)).unwrap_or_default(),
        callback: callback_url,
    };
    Ok(PayoutDraft { money, wish })
}

fn shown(app: &App, payout: &Payout) -> Response {
    let id = app.engine().id_on_the_wire(payout.merchant, Kind::Payout, payout.id.as_i64());
    let text = |text: &str| Json::from(text);
    let status = match payout.state {
        Standing::Pending => "PENDING",
        Standing::Completed => "COMPLETED",
        Standing::Failed => "FAILED",
    };
    let mut members = vec![
        ("success", Json::Bool(true)),
        ("payout_id", text(&id)),
        ("status", text(status)),
        ("amount_cents", Json::from(payout.money.minor)),
        ("currency", text(payout.money.asset.code())),
        ("provider", text(&payout.wish.provider)),
        ("destination", text(&payout.wish.destination)),
        ("metadata", json::parse(payout.wish.metadata.as_bytes()).unwrap_or_default()),
        ("created_at", whole_seconds(payout.created)),
    ];
    if let Some(sent) = &payout.sent {
        members.push(("provider_reference", text(&sent.transaction)));
        members.push(("completed_at", whole_seconds(sent.at)));
    }
    if let Some(refusal) = &payout.refusal {
        let code = refusal.code.to_ascii_uppercase();
        let error = [("code", text(&code)), ("message", text(&refusal.message))];
        members.push(("error", Json::object(error)));
    }
    answer(members)
}

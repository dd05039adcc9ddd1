//! Charges: made, read, listed, canceled, refunded.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use posthorn_core::contract::Transition;
use posthorn_core::id::PaymentId;
use posthorn_core::json::{self, Json};
use posthorn_core::payment::{Method, Payment, State as Standing};
use posthorn_engine::Buying;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::checkouts;
use super::fault::{Code, Fault};
use super::wish::{ChargeIn, Terms, reais};
use super::{Asking, answer, created, page};
use crate::app::App;
use crate::body::Sent;
use crate::list::Asked;
use crate::params::{Id, Params};
use crate::problem::Problem;

#[derive(Deserialize)]
struct RefundIn<'a> {
    #[serde(borrow)]
    valor: Option<&'a RawValue>,
    motivo: Option<String>,
}

pub(super) async fn create_charge(
    State(app): State<App>,
    asking: Asking,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let (sent, engine, place) = (sent?, app.engine(), asking.place());
    if let Some(paid) = engine.paid_before(asking.caller, place, sent.key.as_ref()).await? {
        return made(&app, &asking, &paid, true);
    }
    let wire: ChargeIn<'_> = sent.decode()?;
    let checkout = wire.checkout().map(|text| checkouts::id_of(&app, &asking, text)).transpose()?;
    let terms = Terms {
        agreed: engine.terms(place, Buying { checkout, ..Buying::default() }).await?,
        provider: |method: &str, asset| engine.usual_provider(place.0, method, asset),
        expires: |wished| engine.payment_expires(place, Method::Pix.name(), wished),
    };
    let draft = wire.draft(terms)?;
    let opened = engine.create_payment(asking.caller, place, draft, sent.key.as_ref()).await?;
    made(&app, &asking, &opened.payment, opened.existed)
}

/// A charge that was made, now or by the same request before; unless nobody could be asked to take it.
fn made(app: &App, asking: &Asking, payment: &Payment, replayed: bool) -> Result<Response, Fault> {
    if payment.refusal.as_ref().is_some_and(|refusal| refusal.unreached) {
        return Err(Fault::unreached());
    }
    Ok(created(whole(app, asking, payment), replayed))
}

pub(super) async fn get_charge(
    State(app): State<App>,
    asking: Asking,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let id = id_of(&app, &asking, &id)?;
    let payment = app.engine().payment(asking.place(), id).await?;
    Ok(answer(StatusCode::OK, whole(&app, &asking, &payment)))
}

/// Newest first; `status` is one of the contract's words, which may mean several of ours.
pub(super) async fn list_charges(
    State(app): State<App>,
    asking: Asking,
    params: Result<Params, Problem>,
) -> Result<Response, Fault> {
    let params = params?.only(&["limit", "cursor", "status"])?;
    let engine = app.engine();
    let (id, mode) = asking.place();
    let asked = Asked::read(&app, &params, &format!("pagtracker charges {id} {}", mode.name()))?;
    let rows = asked.page(PaymentId::from_i64);
    let found = match params.text("status") {
        None => engine.payments(asking.place(), None, rows).await?,
        Some(word) => {
            let states = standing(&app, &asking, word)?;
            engine.payments_in(asking.place(), &states, rows).await?
        }
    };
    let show = |payment: Payment| Json::object(whole(&app, &asking, &payment));
    let listed = asked.answer(&app, found, |payment| payment.id.as_i64(), show);
    Ok(page(listed.data, listed.next_cursor))
}

fn standing(app: &App, asking: &Asking, word: &str) -> Result<Vec<Standing>, Fault> {
    let contract = app.engine().contract_of(asking.id)?;
    let states = Standing::ALL.into_iter().filter(|state| contract.status(*state) == word);
    let states: Vec<_> = states.collect();
    if states.is_empty() {
        let mut words: Vec<&str> = Vec::new();
        for word in Standing::ALL.map(|state| contract.status(state)) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let what = format!("`status` deve ser um de: {}", words.join(", "));
        return Err(Fault::new(Code::InvalidRequest, what).at("status"));
    }
    Ok(states)
}

pub(super) async fn cancel_charge(
    State(app): State<App>,
    asking: Asking,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let id = id_of(&app, &asking, &id)?;
    let payment = app.engine().cancel_payment(asking.place(), id).await?;
    Ok(answer(StatusCode::OK, whole(&app, &asking, &payment)))
}

/// So many reais, or all that is left.
pub(super) async fn refund_charge(
    State(app): State<App>,
    asking: Asking,
    id: Result<Id<String>, Problem>,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let sent = sent?;
    let RefundIn { valor, motivo } = sent.decode()?;
    let minor = valor.map(|valor| reais(Some(valor), "valor")).transpose()?;
    let wish = (minor.map(|money| money.minor), motivo);
    let about = (asking.place(), id_of(&app, &asking, &id)?);
    let engine = app.engine();
    let payment = engine.refund_payment(asking.caller, about, wish, sent.key.as_ref()).await?;
    Ok(answer(StatusCode::OK, whole(&app, &asking, &payment)))
}

fn id_of(app: &App, asking: &Asking, text: &str) -> Result<PaymentId, Fault> {
    app.engine().payment_id(asking.id, text).map_err(Fault::from)
}

/// A charge as its contract shows it, and its splits as the event about them would.
fn whole(app: &App, asking: &Asking, payment: &Payment) -> Vec<(String, Json)> {
    let bytes = app.engine().payment_on_the_wire_from(payment, &asking.base.0);
    let view = json::parse(&bytes.unwrap_or_default()).unwrap_or_default();
    let members = view.as_object().into_iter().flat_map(posthorn_core::json::Members::iter);
    let mut shown: Vec<(String, Json)> =
        members.map(|(name, value)| (name.to_owned(), value.clone())).collect();
    if let Some(splits) = splits(app, payment) {
        shown.push(("splits".to_owned(), splits));
    }
    shown
}

fn splits(app: &App, payment: &Payment) -> Option<Json> {
    let split = payment.split.as_ref()?;
    let told = app.engine().payment_told(payment, Transition::SplitProcessed)?;
    let told = json::parse(&told).ok()?;
    let legs = told.get("destinatarios")?.as_array()?.iter().zip(&split.legs);
    let legs = legs.map(|(shown, leg)| {
        let mut shown = shown.clone();
        if let Some(members) = shown.as_object_mut() {
            members.insert("chave_pix", Json::from(leg.to.as_str()));
        }
        shown
    });
    Some(Json::Array(legs.collect()))
}

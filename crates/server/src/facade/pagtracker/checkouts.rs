//! Checkouts: opened, read, listed, called off. A charge with a `checkout_id` pays one; so does its page.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use posthorn_core::checkout::{Checkout, Payer, State as Standing};
use posthorn_core::contract::Kind;
use posthorn_core::id::CheckoutId;
use posthorn_core::json::{self, Json};
use posthorn_core::money::Units;
use posthorn_engine::CheckoutDraft;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Code, Fault};
use super::wish::{CustomerIn, customer, expires, metadata, reais, text};
use super::{Asking, answer, created, page};
use crate::app::App;
use crate::body::Sent;
use crate::list::Asked;
use crate::params::{Id, Params};
use crate::problem::Problem;

/// What each state is called here.
const WORDS: [(Standing, &str); 5] = [
    (Standing::Open, "aberto"),
    (Standing::Completed, "concluido"),
    (Standing::Abandoned, "abandonado"),
    (Standing::Expired, "expirado"),
    (Standing::Canceled, "cancelado"),
];

#[derive(Deserialize)]
struct CheckoutIn<'a> {
    #[serde(borrow)]
    valor: Option<&'a RawValue>,
    descricao: Option<String>,
    cliente: Option<CustomerIn>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    expira_em: Option<i64>,
}

pub(super) async fn create_checkout(
    State(app): State<App>,
    asking: Asking,
    sent: Result<Sent, Problem>,
) -> Result<Response, Fault> {
    let sent = sent?;
    let wire: CheckoutIn<'_> = sent.decode()?;
    let payer = wire.cliente.map(customer).transpose()?.unwrap_or_default();
    let draft = CheckoutDraft {
        money: Some(reais(wire.valor, "valor")?),
        offer: None,
        customer: None,
        payer: Payer {
            name: payer.name,
            email: payer.email,
            phone: payer.phone,
            document: payer.document,
        },
        description: text("descricao", wire.descricao)?,
        metadata: metadata(wire.metadata)?,
        expires_in: expires(wire.expira_em)?,
    };
    let (engine, place) = (app.engine(), asking.place());
    let (checkout, existed) =
        engine.open_checkout(asking.caller, place, draft, sent.key.as_ref()).await?;
    Ok(created(shown(&app, &asking, &checkout), existed))
}

pub(super) async fn get_checkout(
    State(app): State<App>,
    asking: Asking,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let id = id_of(&app, &asking, &id)?;
    let checkout = app.engine().checkout(asking.place(), id).await?;
    Ok(answer(StatusCode::OK, shown(&app, &asking, &checkout)))
}

/// Newest first.
pub(super) async fn list_checkouts(
    State(app): State<App>,
    asking: Asking,
    params: Result<Params, Problem>,
) -> Result<Response, Fault> {
    let params = params?.only(&["limit", "cursor", "status"])?;
    let state = params.text("status").map(standing).transpose()?;
    let (id, mode) = asking.place();
    let asked = Asked::read(&app, &params, &format!("pagtracker checkouts {id} {}", mode.name()))?;
    let rows = asked.page(CheckoutId::from_i64);
    let found = app.engine().checkouts(asking.place(), state, rows).await?;
    let show = |checkout: Checkout| Json::object(shown(&app, &asking, &checkout));
    let listed = asked.answer(&app, found, |checkout| checkout.id.as_i64(), show);
    Ok(page(listed.data, listed.next_cursor))
}

pub(super) async fn cancel_checkout(
    State(app): State<App>,
    asking: Asking,
    id: Result<Id<String>, Problem>,
) -> Result<Response, Fault> {
    let Id(id) = id?;
    let id = id_of(&app, &asking, &id)?;
    let checkout = app.engine().cancel_checkout(asking.place(), id).await?;
    Ok(answer(StatusCode::OK, shown(&app, &asking, &checkout)))
}

pub(super) fn id_of(app: &App, asking: &Asking, text: &str) -> Result<CheckoutId, Fault> {
    Ok(CheckoutId::from_i64(app.engine().id_of(asking.id, Kind::Checkout, text)?))
}

fn standing(word: &str) -> Result<Standing, Fault> {
    let found = WORDS.iter().find(|(_, known)| *known == word).map(|(state, _)| *state);
    found.ok_or_else(|| {
        let words = WORDS.map(|(_, word)| word).join(", ");
        let what = format!("`status` deve ser um de: {words}");
        Fault::new(Code::InvalidRequest, what).at("status")
    })
}

/// A checkout in the manner of the guide's charges: what has no value is left out.
fn shown(app: &App, asking: &Asking, checkout: &Checkout) -> Vec<(&'static str, Json)> {
    let engine = app.engine();
    let wire = |kind, id| Json::from(engine.id_on_the_wire(asking.id, kind, id).as_str());
    let word =
        WORDS.iter().find(|(state, _)| *state == checkout.state).map_or("", |(_, word)| word);
    let link = engine.checkout_link(checkout.id);
    let link = link.unwrap_or_else(|| asking.base.checkout(engine, checkout.id));
    let optional = |text: &Option<String>| text.as_deref().map(Json::from);
    let payer = &checkout.wish.payer;
    let client = [
        ("nome", optional(&payer.name)),
        ("email", optional(&payer.email)),
        ("telefone", optional(&payer.phone)),
        ("documento", optional(&payer.document)),
    ];
    let client: Vec<_> =
        client.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let notes = json::parse(checkout.wish.metadata.as_bytes()).ok();
    let notes = notes.filter(|notes| notes.as_object().is_some_and(|notes| !notes.is_empty()));
    let time = |at: jiff::Timestamp| Json::from(format!("{at:.0}").as_str());
    let ended = |state| checkout.ended.filter(|_| checkout.state == state).map(time);
    let members = [
        ("id", Some(wire(Kind::Checkout, checkout.id.as_i64()))),
        ("valor", json::parse(checkout.money.print(Units::Major).as_bytes()).ok()),
        ("descricao", optional(&checkout.wish.description)),
        ("status", Some(Json::from(word))),
        ("cliente", (!client.is_empty()).then(|| Json::object(client))),
        ("metadata", notes),
        ("link_checkout", Some(Json::from(link.as_str()))),
        ("payment_id", checkout.payment.map(|id| wire(Kind::Payment, id.as_i64()))),
        ("created_at", Some(time(checkout.created))),
        ("expires_at", checkout.expires.map(time)),
        ("completed_at", ended(Standing::Completed)),
        ("abandoned_at", ended(Standing::Abandoned)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

//! Checkouts: opened, read, filled in, called off. They are paid by `POST /v1/payments`, or on their page.

use axum::extract::State;
use posthorn_core::checkout::{Payer, State as Standing};
use posthorn_core::contract::Kind;
use posthorn_core::id::CheckoutId;

use super::Nothing;
use super::checkout_shapes::{CheckoutChange, CheckoutIn, CheckoutOut};
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::base::Base;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params, refuse};
use crate::problem::Problem;

fn id_of(app: &App, merchant: &AsMerchant, text: &str) -> Result<CheckoutId, Problem> {
    Ok(CheckoutId::from_i64(app.engine().id_of(merchant.id, Kind::Checkout, text)?))
}

/// Open a checkout.
///
/// It is paid once, by `POST /v1/payments` with its id, or by its payer on the page at `url`. Left alone it is abandoned, and
/// later it expires, as the contract has it.
#[utoipa::path(post, path = "/v1/checkouts", tag = "shop", request_body = CheckoutIn,
    responses((status = 201, description = "The checkout", body = CheckoutOut)))]
pub(super) async fn create_checkout(
    State(app): State<App>,
    merchant: AsMerchant,
    base: Base,
    sent: Sent,
) -> Answered<CheckoutOut> {
    let wire: CheckoutIn<'_> = sent.decode()?;
    let (engine, place) = (app.engine(), merchant.place());
    let draft = wire.draft(|kind, text| engine.id_of(place.0, kind, text))?;
    let (checkout, existed) =
        engine.open_checkout(merchant.caller, place, draft, sent.key.as_ref()).await?;
    Ok(Answer::created(CheckoutOut::of(&app, checkout, &base)).replayed(existed))
}

/// List checkouts, newest first.
#[utoipa::path(get, path = "/v1/checkouts", tag = "shop",
    params(("state" = Option<String>, Query, description = "Only those that stand there")),
    responses((status = 200, description = "A page", body = Listed<CheckoutOut>)))]
pub(super) async fn list_checkouts(
    State(app): State<App>,
    merchant: AsMerchant,
    base: Base,
    params: Params,
) -> Answered<Listed<CheckoutOut>> {
    let params = params.only(&["limit", "cursor", "state"])?;
    let (id, mode) = merchant.place();
    let state = params.text("state").map(|name| {
        let found = Standing::ALL.into_iter().find(|state| state.name() == name);
        let names = Standing::ALL.map(Standing::name).join(", ");
        found.ok_or_else(|| refuse("state", &format!("must be one of {names}")))
    });
    let state = state.transpose()?;
    let asked = Asked::read(&app, &params, &format!("checkouts {id} {}", mode.name()))?;
    let rows = app.engine().checkouts((id, mode), state, asked.page(CheckoutId::from_i64)).await?;
    let show = |checkout| CheckoutOut::of(&app, checkout, &base);
    Ok(Answer::ok(asked.answer(&app, rows, |checkout| checkout.id.as_i64(), show)))
}

/// Read one checkout.
#[utoipa::path(get, path = "/v1/checkouts/{id}", tag = "shop",
    params(("id" = String, Path, description = "The checkout: our id, or the contract's form of it")),
    responses((status = 200, description = "The checkout", body = CheckoutOut)))]
pub(super) async fn get_checkout(
    State(app): State<App>,
    merchant: AsMerchant,
    base: Base,
    Id(id): Id<String>,
) -> Answered<CheckoutOut> {
    let id = id_of(&app, &merchant, &id)?;
    let checkout = app.engine().checkout(merchant.place(), id).await?;
    Ok(Answer::ok(CheckoutOut::of(&app, checkout, &base)))
}

/// Fill a checkout in: who pays.
///
/// The wait until it is abandoned begins anew.
#[utoipa::path(patch, path = "/v1/checkouts/{id}", tag = "shop", request_body = CheckoutChange,
    params(("id" = String, Path, description = "The checkout")),
    responses((status = 200, description = "The checkout as it is now", body = CheckoutOut)))]
pub(super) async fn change_checkout(
    State(app): State<App>,
    merchant: AsMerchant,
    base: Base,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<CheckoutOut> {
    let CheckoutChange { name, email, phone, document } = sent.decode()?;
    let (name, email) = (name.patch(), email.patch());
    let (phone, document) = (phone.patch(), document.patch());
    let fill = move |payer: &mut Payer| {
        let known = payer.clone();
        payer.name = name.clone().unwrap_or(known.name);
        payer.email = email.clone().unwrap_or(known.email);
        payer.phone = phone.clone().unwrap_or(known.phone);
        payer.document = document.clone().unwrap_or(known.document);
    };
    let id = id_of(&app, &merchant, &id)?;
    let checkout = app.engine().fill_checkout(merchant.place(), id, fill).await?;
    Ok(Answer::ok(CheckoutOut::of(&app, checkout, &base)))
}

/// Call a checkout off that was not paid: it can no longer be.
#[utoipa::path(post, path = "/v1/checkouts/{id}/cancel", tag = "shop",
    params(("id" = String, Path, description = "The checkout")),
    responses((status = 200, description = "The checkout as it is now", body = CheckoutOut)))]
pub(super) async fn cancel_checkout(
    State(app): State<App>,
    merchant: AsMerchant,
    base: Base,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<CheckoutOut> {
    let Nothing {} = sent.decode()?;
    let id = id_of(&app, &merchant, &id)?;
    let checkout = app.engine().cancel_checkout(merchant.place(), id).await?;
    Ok(Answer::ok(CheckoutOut::of(&app, checkout, &base)))
}

//! Payments: made, read, captured, canceled, refunded; and what a merchant's accounts hold.

use std::collections::BTreeMap;

use axum::extract::State;
use posthorn_core::contract::Kind;
use posthorn_core::id::PaymentId;
use posthorn_core::payment::{Payment, State as Standing};
use serde::Deserialize;
use utoipa::ToSchema;

use super::payment_in::{PaymentIn, unfit};
use super::payment_out::{BalanceOut, PaymentOut};
use crate::answer::{Answer, Answered};
use crate::api::Nothing;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params, refuse};
use crate::problem::Problem;

/// A refund to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefundIn {
    /// How much, in minor units; all that is left when left out.
    #[schema(minimum = 1)]
    amount: Option<i64>,
    /// Why, in your words.
    reason: Option<String>,
}

pub(super) fn shown(app: &App, payment: Payment) -> PaymentOut {
    let (engine, merchant) = (app.engine(), payment.merchant);
    let wire = engine.payment_on_the_wire(&payment);
    let checkout = payment.wish.checkout;
    let checkout = checkout.map(|id| engine.id_on_the_wire(merchant, Kind::Checkout, id.as_i64()));
    PaymentOut::of(payment, wire, checkout)
}

pub(super) fn id_of(app: &App, merchant: &AsMerchant, text: &str) -> Result<PaymentId, Problem> {
    Ok(app.engine().payment_id(merchant.id, text)?)
}

/// Make a payment.
///
/// It is taken to its provider before this answers. In test mode that is a simulated one. A payment that is made for a checkout
/// or an offer is of its amount, and keeps what is sold and who pays as they are at this moment; a checkout is paid once, and
/// another payment of it is refused while one may still move money.
#[utoipa::path(post, path = "/v1/payments", tag = "payments", request_body = PaymentIn,
    responses((status = 201, description = "The payment", body = PaymentOut)))]
pub(super) async fn create_payment(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<PaymentOut> {
    let wire: PaymentIn<'_> = sent.decode()?;
    let (engine, place) = (app.engine(), merchant.place());
    if let Some(paid) = engine.paid_before(merchant.caller, place, sent.key.as_ref()).await? {
        return Ok(Answer::created(shown(&app, paid)).replayed(true));
    }
    let buying = wire.buying(|kind, text| engine.id_of(place.0, kind, text))?;
    let draft = wire.draft(
        engine.terms(place, buying).await?,
        |method, asset| engine.usual_provider(place.0, method, asset),
        |method, wished| engine.payment_expires(place, method, wished),
    )?;
    let opened = engine.create_payment(merchant.caller, place, draft, sent.key.as_ref()).await?;
    Ok(Answer::created(shown(&app, opened.payment)).replayed(opened.existed))
}

/// List payments, newest first.
#[utoipa::path(get, path = "/v1/payments", tag = "payments",
    params(("state" = Option<String>, Query, description = "Only those that stand there")),
    responses((status = 200, description = "A page", body = Listed<PaymentOut>)))]
pub(super) async fn list_payments(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<PaymentOut>> {
    let params = params.only(&["limit", "cursor", "state"])?;
    let (id, mode) = merchant.place();
    let state = params.text("state").map(|name| {
        let found = Standing::ALL.into_iter().find(|state| state.name() == name);
        found.ok_or_else(|| {
            let names = Standing::ALL.map(Standing::name).join(", ");
            refuse("state", &format!("must be one of {names}"))
        })
    });
    let state = state.transpose()?;
    let asked = Asked::read(&app, &params, &format!("payments {id} {}", mode.name()))?;
    let rows = app.engine().payments((id, mode), state, asked.page(PaymentId::from_i64)).await?;
    let show = |payment| shown(&app, payment);
    Ok(Answer::ok(asked.answer(&app, rows, |payment| payment.id.as_i64(), show)))
}

/// Read one payment.
#[utoipa::path(get, path = "/v1/payments/{id}", tag = "payments",
    params(("id" = String, Path, description = "The payment: our id, or the contract's form of it")),
    responses((status = 200, description = "The payment", body = PaymentOut)))]
pub(super) async fn get_payment(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
) -> Answered<PaymentOut> {
    let id = id_of(&app, &merchant, &id)?;
    let payment = app.engine().payment(merchant.place(), id).await?;
    Ok(Answer::ok(shown(&app, payment)))
}

/// Take what a payment has reserved.
#[utoipa::path(post, path = "/v1/payments/{id}/capture", tag = "payments",
    params(("id" = String, Path, description = "The payment")),
    responses((status = 200, description = "The payment as it is now", body = PaymentOut)))]
pub(super) async fn capture_payment(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<PaymentOut> {
    let Nothing {} = sent.decode()?;
    let id = id_of(&app, &merchant, &id)?;
    let payment = app.engine().capture_payment(merchant.place(), id).await?;
    Ok(Answer::ok(shown(&app, payment)))
}

/// Call a payment off that was not paid yet.
#[utoipa::path(post, path = "/v1/payments/{id}/cancel", tag = "payments",
    params(("id" = String, Path, description = "The payment")),
    responses((status = 200, description = "The payment as it is now", body = PaymentOut)))]
pub(super) async fn cancel_payment(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<PaymentOut> {
    let Nothing {} = sent.decode()?;
    let id = id_of(&app, &merchant, &id)?;
    let payment = app.engine().cancel_payment(merchant.place(), id).await?;
    Ok(Answer::ok(shown(&app, payment)))
}

/// Send money back to the payer.
///
/// Send an `Idempotency-Key`: without one, a request that is repeated is another refund, as far as there is anything left.
#[utoipa::path(post, path = "/v1/payments/{id}/refunds", tag = "payments", request_body = RefundIn,
    params(("id" = String, Path, description = "The payment")),
    responses((status = 201, description = "The payment as it is now", body = PaymentOut)))]
pub(super) async fn refund_payment(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<PaymentOut> {
    let RefundIn { amount, reason } = sent.decode()?;
    if amount.is_some_and(|minor| minor < 1) {
        return Err(unfit("amount", "must be at least 1; leave it out for all that is left"));
    }
    let id = id_of(&app, &merchant, &id)?;
    let about = (merchant.place(), id);
    let engine = app.engine();
    let payment =
        engine.refund_payment(merchant.caller, about, (amount, reason), sent.key.as_ref()).await?;
    Ok(Answer::created(shown(&app, payment)))
}

/// Read what your accounts hold.
#[utoipa::path(get, path = "/v1/balance", tag = "payments",
    responses((status = 200, description = "The balances", body = BalanceOut)))]
pub(super) async fn get_balance(
    State(app): State<App>,
    merchant: AsMerchant,
) -> Answered<BalanceOut> {
    let mut balances: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for balance in app.engine().balances(merchant.place()).await? {
        let of = balances.entry(balance.money.asset.code()).or_default();
        of.insert(balance.account.name(), balance.money.minor);
    }
    Ok(Answer::ok(BalanceOut { balances }))
}

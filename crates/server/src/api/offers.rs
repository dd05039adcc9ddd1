//! Offers: a product at a price.

use axum::extract::State;
use posthorn_core::contract::Kind;
use posthorn_core::id::{OfferId, ProductId};
use posthorn_core::money::Money;
use posthorn_core::shop::{Entry, Offer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::payment_in::{amount, metadata};
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::time::Timestamp;

/// An offer to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfferDraft<'a> {
    /// What is sold: one of your products, by our id or by the contract's form of it.
    #[schema(example = "prod_3ab3f5n40000")]
    product: String,
    /// What it is called.
    #[schema(example = "Consulta - Plano Básico")]
    name: String,
    /// What it costs, in minor units (cents, drops): a whole number.
    #[serde(borrow)]
    #[schema(value_type = i64, example = 10000, minimum = 1)]
    price: &'a RawValue,
    /// The currency.
    #[schema(example = "BRL")]
    currency: String,
    /// Your own notes: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
}

/// What to change of an offer: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfferChange<'a> {
    /// What it is called.
    name: Option<String>,
    /// What it costs, in minor units of its currency, which stays.
    #[serde(borrow)]
    #[schema(value_type = Option<i64>, minimum = 1)]
    price: Option<&'a RawValue>,
    /// Your own notes, as a whole: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
}

/// A product at a price.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub(super) struct OfferOut {
    /// Its id, in the contract's form.
    #[schema(example = "off_3ab3f5n40000")]
    id: String,
    /// What is sold.
    #[schema(example = "prod_3ab3f5n40000")]
    product: String,
    /// What it is called.
    name: String,
    /// What it costs, in minor units.
    price: i64,
    /// The currency.
    currency: &'static str,
    /// Your own notes.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// When it was made.
    created: Timestamp,
    /// When it last changed.
    updated: Timestamp,
}

impl OfferOut {
    fn of(app: &App, offer: Offer) -> Self {
        let Offer { id, entry, product, name, price } = offer;
        let wire = |kind, id| app.engine().id_on_the_wire(entry.merchant, kind, id);
        Self {
            id: wire(Kind::Offer, id.as_i64()),
            product: wire(Kind::Product, product.as_i64()),
            name,
            price: price.minor,
            currency: price.asset.code(),
            metadata: RawValue::from_string(entry.metadata).unwrap_or_default(),
            created: entry.created.into(),
            updated: entry.updated.into(),
        }
    }
}

/// Keep an offer.
#[utoipa::path(post, path = "/v1/offers", tag = "shop", request_body = OfferDraft,
    responses((status = 201, description = "The offer", body = OfferOut)))]
pub(super) async fn create_offer(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<OfferOut> {
    let wire: OfferDraft<'_> = sent.decode()?;
    let price = amount(("price", wire.price), &wire.currency)?;
    let (name, notes) = (wire.name, metadata(wire.metadata)?);
    let product = app.engine().id_of(merchant.id, Kind::Product, &wire.product)?;
    let product = ProductId::from_i64(product);
    let make = move |id, mut entry: Entry| {
        entry.metadata = notes;
        Offer { id: OfferId::from_i64(id), entry, product, name, price }
    };
    let (place, key) = (merchant.place(), sent.key.as_ref());
    let (offer, existed) = app.engine().keep(merchant.caller, place, make, key).await?;
    Ok(Answer::created(OfferOut::of(&app, offer)).replayed(existed))
}

/// List offers, newest first.
#[utoipa::path(get, path = "/v1/offers", tag = "shop",
    responses((status = 200, description = "A page", body = Listed<OfferOut>)))]
pub(super) async fn list_offers(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<OfferOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("offers {id} {}", mode.name()))?;
    let rows = app.engine().kept_list::<Offer>((id, mode), None, asked.page(|id| id)).await?;
    let show = |offer| OfferOut::of(&app, offer);
    Ok(Answer::ok(asked.answer(&app, rows, |offer| offer.id.as_i64(), show)))
}

/// Read one offer.
#[utoipa::path(get, path = "/v1/offers/{id}", tag = "shop",
    params(("id" = String, Path, description = "The offer: our id, or the contract's form of it")),
    responses((status = 200, description = "The offer", body = OfferOut)))]
pub(super) async fn get_offer(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
) -> Answered<OfferOut> {
    let id = app.engine().id_of(merchant.id, Kind::Offer, &id)?;
    let offer = app.engine().kept(merchant.place(), id).await?;
    Ok(Answer::ok(OfferOut::of(&app, offer)))
}

/// Change an offer.
///
/// What was sold by it before, and the checkouts there are, keep their price.
#[utoipa::path(patch, path = "/v1/offers/{id}", tag = "shop", request_body = OfferChange,
    params(("id" = String, Path, description = "The offer")),
    responses((status = 200, description = "The offer as it is now", body = OfferOut)))]
pub(super) async fn change_offer(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<OfferOut> {
    let wire: OfferChange<'_> = sent.decode()?;
    let notes = wire.metadata.map(|given| metadata(Some(given))).transpose()?;
    let id = app.engine().id_of(merchant.id, Kind::Offer, &id)?;
    let known: Offer = app.engine().kept(merchant.place(), id).await?;
    let currency = known.price.asset.code();
    let price: Option<Money> =
        wire.price.map(|price| amount(("price", price), currency)).transpose()?;
    let name = wire.name;
    let change = move |offer: &mut Offer| {
        let known = offer.clone();
        offer.name = name.clone().unwrap_or(known.name);
        offer.price = price.unwrap_or(known.price);
        offer.entry.metadata = notes.clone().unwrap_or(known.entry.metadata);
    };
    let offer = app
        .engine()
        .change_kept(merchant.caller, (merchant.place(), id), change, sent.key.as_ref())
        .await?;
    Ok(Answer::ok(OfferOut::of(&app, offer)))
}

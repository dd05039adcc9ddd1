//! Products: what is sold, whatever it costs.

use axum::extract::State;
use posthorn_core::contract::Kind;
use posthorn_core::id::ProductId;
use posthorn_core::shop::{Entry, Product};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::payment_in::metadata;
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::decode::Change;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::time::Timestamp;

/// A product to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductDraft<'a> {
    /// What it is called.
    #[schema(example = "Consulta Médica")]
    name: String,
    /// What it is, in the platform's word.
    #[serde(rename = "type")]
    #[schema(example = "SERVICE")]
    kind: Option<String>,
    /// What buyers read about it.
    description: Option<String>,
    /// Your own notes: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
}

/// What to change of a product: what is left out stays, `null` takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductChange<'a> {
    /// What it is called.
    name: Option<String>,
    /// What it is, in the platform's word.
    #[serde(rename = "type", default)]
    #[schema(value_type = Option<String>)]
    kind: Change<String>,
    /// What buyers read about it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Change<String>,
    /// Your own notes, as a whole: a JSON object.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
}

/// Something that is sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(super) struct ProductOut {
    /// Its id, in the contract's form.
    #[schema(example = "prod_3ab3f5n40000")]
    id: String,
    /// What it is called.
    name: String,
    /// What it is, in the platform's word.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// What buyers read about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Your own notes.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// When it was made.
    created: Timestamp,
    /// When it last changed.
    updated: Timestamp,
}

impl ProductOut {
    fn of(app: &App, product: Product) -> Self {
        let Product { id, entry, name, kind, description, .. } = product;
        Self {
            id: app.engine().id_on_the_wire(entry.merchant, Kind::Product, id.as_i64()),
            name,
            kind,
            description,
            metadata: RawValue::from_string(entry.metadata).unwrap_or_default(),
            created: entry.created.into(),
            updated: entry.updated.into(),
        }
    }
}

/// Keep a product.
#[utoipa::path(post, path = "/v1/products", tag = "shop", request_body = ProductDraft,
    responses((status = 201, description = "The product", body = ProductOut)))]
pub(super) async fn create_product(
    State(app): State<App>,
    merchant: AsMerchant,
    sent: Sent,
) -> Answered<ProductOut> {
    let ProductDraft { name, kind, description, metadata: notes } = sent.decode()?;
    let notes = metadata(notes)?;
    let make = move |id, mut entry: Entry| {
        entry.metadata = notes;
        let (sku, price, stock, inactive) = (None, None, None, false);
        let id = ProductId::from_i64(id);
        Product { id, entry, name, kind, description, sku, price, stock, inactive }
    };
    let (place, key) = (merchant.place(), sent.key.as_ref());
    let (product, existed) = app.engine().keep(merchant.caller, place, make, key).await?;
    Ok(Answer::created(ProductOut::of(&app, product)).replayed(existed))
}

/// List products, newest first.
#[utoipa::path(get, path = "/v1/products", tag = "shop",
    responses((status = 200, description = "A page", body = Listed<ProductOut>)))]
pub(super) async fn list_products(
    State(app): State<App>,
    merchant: AsMerchant,
    params: Params,
) -> Answered<Listed<ProductOut>> {
    let params = params.only(&["limit", "cursor"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("products {id} {}", mode.name()))?;
    let rows = app.engine().kept_list::<Product>((id, mode), None, asked.page(|id| id)).await?;
    let show = |product| ProductOut::of(&app, product);
    Ok(Answer::ok(asked.answer(&app, rows, |product| product.id.as_i64(), show)))
}

/// Read one product.
#[utoipa::path(get, path = "/v1/products/{id}", tag = "shop",
    params(("id" = String, Path, description = "The product: our id, or the contract's form of it")),
    responses((status = 200, description = "The product", body = ProductOut)))]
pub(super) async fn get_product(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
) -> Answered<ProductOut> {
    let id = app.engine().id_of(merchant.id, Kind::Product, &id)?;
    let product = app.engine().kept(merchant.place(), id).await?;
    Ok(Answer::ok(ProductOut::of(&app, product)))
}

/// Change a product.
///
/// What was sold of it before, and the checkouts there are, keep what they were made with.
#[utoipa::path(patch, path = "/v1/products/{id}", tag = "shop", request_body = ProductChange,
    params(("id" = String, Path, description = "The product")),
    responses((status = 200, description = "The product as it is now", body = ProductOut)))]
pub(super) async fn change_product(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<ProductOut> {
    let wire: ProductChange<'_> = sent.decode()?;
    let notes = wire.metadata.map(|given| metadata(Some(given))).transpose()?;
    let (name, kind, description) = (wire.name, wire.kind.patch(), wire.description.patch());
    let change = move |product: &mut Product| {
        let known = product.clone();
        product.name = name.clone().unwrap_or(known.name);
        product.kind = kind.clone().unwrap_or(known.kind);
        product.description = description.clone().unwrap_or(known.description);
        product.entry.metadata = notes.clone().unwrap_or(known.entry.metadata);
    };
    let id = app.engine().id_of(merchant.id, Kind::Product, &id)?;
    let product = app
        .engine()
        .change_kept(merchant.caller, (merchant.place(), id), change, sent.key.as_ref())
        .await?;
    Ok(Answer::ok(ProductOut::of(&app, product)))
}

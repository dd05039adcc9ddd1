//! Products: `/v1/products`, which the guide calls `/products` too and prints nothing of. This is what is published here: `id`,
//! `name`, `description`, `sku`, `price` (decimals, as in orders), `currency`, `stock`, `status` (`ACTIVE`, or `INACTIVE` off the
//! shelf), `created_at`, `updated_at`. `product.updated` tells of a change. The native API's products are the same ones.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use posthorn_core::contract::Kind;
use posthorn_core::id::{MerchantId, ProductId};
use posthorn_core::shop::{Entry, Product};
use posthorn_engine::RequestKey;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::batch::{BatchOut, Item, each, same_id};
use super::client::Client;
use super::decimals;
use crate::answer::{Answer, Answered};
use crate::api::unfit;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::{BATCH_BYTES_MAX, Sent};
use crate::decode::Change;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params};
use crate::problem::Problem;
use crate::time::Timestamp;

pub(super) fn routes() -> Router<App> {
    ["/v1/products", "/products"].into_iter().fold(Router::new(), |router, products| {
        router
            .route(products, get(list).post(create))
            .route(&format!("{products}/batch"), post(batch))
            .route(&format!("{products}/{{id}}"), get(read).patch(change))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductIn<'a> {
    name: String,
    description: Option<String>,
    sku: Option<String>,
    #[serde(borrow)]
    price: &'a RawValue,
    currency: Option<String>,
    stock: Option<u32>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductChangeIn<'a> {
    id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    description: Change<String>,
    #[serde(default)]
    sku: Change<String>,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
    #[serde(default)]
    stock: Change<u32>,
    status: Option<String>,
}

#[derive(Serialize)]
struct ProductOut {
    id: String,
    name: String,
    description: Option<String>,
    sku: Option<String>,
    /// `null` of one that the native API made, whose offers have prices.
    price: Option<Box<RawValue>>,
    currency: Option<&'static str>,
    stock: Option<u32>,
    status: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl ProductOut {
    fn of(app: &App, product: Product) -> Self {
        let (engine, merchant) = (app.engine(), product.entry.merchant);
        let contract = engine.contract_of(merchant).ok();
        let status = contract.map(|known| known.product_status(!product.inactive).to_owned());
        Self {
            id: engine.id_on_the_wire(merchant, Kind::Product, product.id.as_i64()),
            name: product.name,
            description: product.description,
            sku: product.sku,
            price: product.price.map(decimals::print),
            currency: product.price.map(|price| price.asset.code()),
            stock: product.stock,
            status: status.unwrap_or_default(),
            created_at: product.entry.created.into(),
            updated_at: product.entry.updated.into(),
        }
    }
}

async fn create(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent,
) -> Answered<ProductOut> {
    let (product, existed) = make(&app, merchant, sent.decode()?, sent.key.as_ref()).await?;
    Ok(Answer::created(product).replayed(existed))
}

async fn make(
    app: &App,
    merchant: AsMerchant,
    asked: ProductIn<'_>,
    key: Option<&RequestKey>,
) -> Result<(ProductOut, bool), Problem> {
    let asset = decimals::currency(asked.currency.as_deref())?;
    let price = decimals::read("price", asked.price, asset)?;
    let inactive = inactive(app, merchant.id, asked.status.as_deref())?.unwrap_or(false);
    let ProductIn { name, description, sku, stock, .. } = asked;
    let make = move |id, entry: Entry| {
        let (id, kind, price) = (ProductId::from_i64(id), None, Some(price));
        Product { id, entry, name, kind, description, sku, price, stock, inactive }
    };
    let (product, existed) =
        app.engine().keep(merchant.caller, merchant.place(), make, key).await?;
    Ok((ProductOut::of(app, product), existed))
}

/// Up to a hundred of them, made and changed.
async fn batch(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent<BATCH_BYTES_MAX>,
) -> Answered<BatchOut<ProductOut>> {
    each(&app, (merchant.caller, &sent), |item| carry_out(&app, merchant, item)).await
}

async fn carry_out(app: &App, merchant: AsMerchant, item: Item) -> Result<ProductOut, Problem> {
    if let Some(id) = &item.id {
        return alter(app, merchant, (id, item.decode()?), item.key.as_ref()).await;
    }
    Ok(make(app, merchant, item.decode()?, item.key.as_ref()).await?.0)
}

/// Products, newest first, a page at a time.
async fn list(
    State(app): State<App>,
    Client(merchant): Client,
    params: Params,
) -> Answered<Listed<ProductOut>> {
    let params = params.only(&["limit", "cursor", "q"])?;
    let (id, mode) = merchant.place();
    let asked = Asked::read(&app, &params, &format!("techcorp products {id} {}", mode.name()))?;
    let rows =
        app.engine().kept_list::<Product>((id, mode), params.words()?, asked.page(|id| id)).await?;
    let show = |product| ProductOut::of(&app, product);
    Ok(Answer::ok(asked.answer(&app, rows, |product| product.id.as_i64(), show)))
}

async fn read(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
) -> Answered<ProductOut> {
    let id = app.engine().id_of(merchant.id, Kind::Product, &id)?;
    Ok(Answer::ok(ProductOut::of(&app, app.engine().kept(merchant.place(), id).await?)))
}

async fn change(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<ProductOut> {
    let asked = (&*id, sent.decode()?);
    Ok(Answer::ok(alter(&app, merchant, asked, sent.key.as_ref()).await?))
}

async fn alter(
    app: &App,
    merchant: AsMerchant,
    (id, asked): (&str, ProductChangeIn<'_>),
    key: Option<&RequestKey>,
) -> Result<ProductOut, Problem> {
    same_id(id, asked.id.as_deref())?;
    let (engine, place) = (app.engine(), merchant.place());
    let id = engine.id_of(merchant.id, Kind::Product, id)?;
    let known: Product = engine.kept(place, id).await?;
    let asset = known.price.map_or(decimals::USUAL, |price| price.asset);
    let price = asked.price.map(|price| decimals::read("price", price, asset)).transpose()?;
    let inactive = inactive(app, merchant.id, asked.status.as_deref())?;
    let (name, description) = (asked.name, asked.description.patch());
    let (sku, stock) = (asked.sku.patch(), asked.stock.patch());
    let change = move |product: &mut Product| {
        let known = product.clone();
        product.name = name.clone().unwrap_or(known.name);
        product.description = description.clone().unwrap_or(known.description);
        product.sku = sku.clone().unwrap_or(known.sku);
        product.price = price.or(known.price);
        product.stock = stock.unwrap_or(known.stock);
        product.inactive = inactive.unwrap_or(known.inactive);
    };
    Ok(ProductOut::of(app, engine.change_kept(merchant.caller, (place, id), change, key).await?))
}

/// Whether a word says that a product is off the shelf.
fn inactive(app: &App, merchant: MerchantId, word: Option<&str>) -> Result<Option<bool>, Problem> {
    let Some(word) = word else { return Ok(None) };
    let contract = app.engine().contract_of(merchant)?;
    let says = |active: &bool| contract.product_status(*active) == word;
    if let Some(active) = [true, false].into_iter().find(says) {
        return Ok(Some(!active));
    }
    let (on, off) = (contract.product_status(true), contract.product_status(false));
    Err(unfit("status", format!("must be `{on}` or `{off}`")))
}

//! Orders: `/v1/orders`, which the guide calls `/api/orders`. It prints none; this is what is published here.
//!
//! `total` and `price` are decimals (`299.9`); payments are in cents. `status` is `PENDING`, `PAID`, `SHIPPED`, `DELIVERED` or
//! `CANCELLED`, told by `order.created`, `order.paid` (with the payment that confirms), `order.shipped`, `order.delivered` and
//! `order.cancelled`. A payment whose `order_id` is an order's pays it: it is of its `total`.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use posthorn_core::contract::Kind;
use posthorn_core::event::Mode;
use posthorn_core::id::{CustomerId, MerchantId, OrderId};
use posthorn_core::order::{Buyer, Order, Shipment, Wish};
use posthorn_core::payment::OrderItem;
use posthorn_engine::{OrderChange, OrderDraft, OrderVerb, RequestKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::batch::{BatchOut, Item, each, same_id};
use super::client::Client;
use super::decimals;
use crate::answer::{Answer, Answered};
use crate::api::metadata;
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::{BATCH_BYTES_MAX, Sent};
use crate::decode::Change;
use crate::list::{Asked, Listed};
use crate::params::{Id, Params, refuse};
use crate::problem::Problem;
use crate::time::Timestamp;

pub(super) fn routes() -> Router<App> {
    ["/v1/orders", "/api/orders"].into_iter().fold(Router::new(), |router, orders| {
        router
            .route(orders, get(list).post(create))
            .route(&format!("{orders}/batch"), post(batch))
            .route(&format!("{orders}/{{id}}"), get(read).patch(change))
            .route(&format!("{orders}/{{id}}/ship"), post(ship))
            .route(&format!("{orders}/{{id}}/deliver"), post(deliver))
            .route(&format!("{orders}/{{id}}/cancel"), post(cancel))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderIn<'a> {
    #[serde(borrow)]
    items: Vec<ItemIn<'a>>,
    currency: Option<String>,
    /// Held against the items where it is sent.
    #[serde(borrow)]
    total: Option<&'a RawValue>,
    /// The merchant's own number of it.
    reference: Option<String>,
    customer: Option<BuyerIn>,
    description: Option<String>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemIn<'a> {
    product_id: String,
    name: Option<String>,
    quantity: u32,
    /// What one costs.
    #[serde(borrow)]
    price: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BuyerIn {
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    document: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderChangeIn<'a> {
    id: Option<String>,
    #[serde(borrow)]
    items: Option<Vec<ItemIn<'a>>>,
    #[serde(default)]
    customer: Change<BuyerIn>,
    #[serde(default)]
    description: Change<String>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShipIn {
    carrier: Option<String>,
    tracking_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliverIn {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelIn {
    reason: Option<String>,
}

/// An order as it is answered; what has no value is `null`.
#[derive(Serialize)]
struct OrderOut {
    id: String,
    reference: Option<String>,
    status: String,
    total: Box<RawValue>,
    currency: &'static str,
    items: Vec<ItemOut>,
    customer: BuyerOut,
    description: Option<String>,
    payment_id: Option<String>,
    carrier: Option<String>,
    tracking_code: Option<String>,
    cancel_reason: Option<String>,
    metadata: Box<RawValue>,
    created_at: Timestamp,
    updated_at: Timestamp,
    paid_at: Option<Timestamp>,
    shipped_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    cancelled_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct ItemOut {
    product_id: String,
    name: Option<String>,
    quantity: u32,
    price: Box<RawValue>,
}

#[derive(Serialize)]
struct BuyerOut {
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    document: Option<String>,
}

impl OrderOut {
    fn of(app: &App, order: Order) -> Self {
        let (engine, merchant) = (app.engine(), order.merchant);
        let wire = |kind, id| engine.id_on_the_wire(merchant, kind, id);
        let name = order.state.name();
        let contract = engine.contract_of(merchant).ok();
        let status = contract.map_or(name.into(), |known| known.order_status(name).to_owned());
        let Wish { items, reference, buyer, description, metadata } = order.wish;
        let item = |item: OrderItem| ItemOut {
            product_id: item.product,
            name: item.name,
            quantity: item.quantity,
            price: decimals::print(order.money.with(item.price)),
        };
        Self {
            id: wire(Kind::Order, order.id.as_i64()),
            reference,
            status,
            total: decimals::print(order.money),
            currency: order.money.asset.code(),
            items: items.into_iter().map(item).collect(),
            customer: BuyerOut {
                id: buyer.id.map(|id| wire(Kind::Customer, id.as_i64())),
                name: buyer.name,
                email: buyer.email,
                phone: buyer.phone,
                document: buyer.document,
            },
            description,
            payment_id: order.payment.map(|id| wire(Kind::Payment, id.as_i64())),
            carrier: order.shipment.carrier,
            tracking_code: order.shipment.tracking_code,
            cancel_reason: order.reason,
            metadata: RawValue::from_string(metadata).unwrap_or_default(),
            created_at: order.created.into(),
            updated_at: order.updated.into(),
            paid_at: order.paid.map(Into::into),
            shipped_at: order.shipped.map(Into::into),
            delivered_at: order.delivered.map(Into::into),
            cancelled_at: order.canceled.map(Into::into),
        }
    }
}

async fn create(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent,
) -> Answered<OrderOut> {
    let (order, existed) = make(&app, merchant, sent.decode()?, sent.key.as_ref()).await?;
    Ok(Answer::created(order).replayed(existed))
}

async fn make(
    app: &App,
    merchant: AsMerchant,
    asked: OrderIn<'_>,
    key: Option<&RequestKey>,
) -> Result<(OrderOut, bool), Problem> {
    let (draft, place) = (draft(app, merchant.id, asked)?, merchant.place());
    let (order, existed) = app.engine().create_order(merchant.caller, place, draft, key).await?;
    Ok((OrderOut::of(app, order), existed))
}

/// Up to a hundred of them, made and changed.
async fn batch(
    State(app): State<App>,
    Client(merchant): Client,
    sent: Sent<BATCH_BYTES_MAX>,
) -> Answered<BatchOut<OrderOut>> {
    each(&app, (merchant.caller, &sent), |item| carry_out(&app, merchant, item)).await
}

async fn carry_out(app: &App, merchant: AsMerchant, item: Item) -> Result<OrderOut, Problem> {
    if let Some(id) = &item.id {
        return alter(app, merchant, (id, item.decode()?), item.key.as_ref()).await;
    }
    Ok(make(app, merchant, item.decode()?, item.key.as_ref()).await?.0)
}

fn draft(app: &App, merchant: MerchantId, asked: OrderIn<'_>) -> Result<OrderDraft, Problem> {
    let asset = decimals::currency(asked.currency.as_deref())?;
    let total = asked.total.map(|total| decimals::read("total", total, asset)).transpose()?;
    let wish = Wish {
        items: items(asked.items, asset)?,
        reference: asked.reference,
        buyer: asked
            .customer
            .map(|buyer| of(app, merchant, buyer))
            .transpose()?
            .unwrap_or_default(),
        description: asked.description,
        metadata: metadata(asked.metadata)?,
    };
    Ok(OrderDraft { asset, total, wish })
}

fn items(
    items: Vec<ItemIn<'_>>,
    asset: posthorn_core::money::Asset,
) -> Result<Vec<OrderItem>, Problem> {
    let item = |item: ItemIn<'_>| {
        let price = decimals::read("items", item.price, asset)?.minor;
        let (product, name, quantity) = (item.product_id, item.name, item.quantity);
        Ok(OrderItem { product, name, quantity, price })
    };
    items.into_iter().map(item).collect()
}

fn of(app: &App, merchant: MerchantId, buyer: BuyerIn) -> Result<Buyer, Problem> {
    let known = |id: String| app.engine().id_of(merchant, Kind::Customer, &id);
    let id = buyer.id.map(known).transpose()?.map(CustomerId::from_i64);
    let BuyerIn { name, email, phone, document, .. } = buyer;
    Ok(Buyer { id, name, email, phone, document })
}

/// Orders, newest first, a page at a time.
async fn list(
    State(app): State<App>,
    Client(merchant): Client,
    params: Params,
) -> Answered<Listed<OrderOut>> {
    let params = params.only(&["limit", "cursor", "q", "status"])?;
    let (id, mode) = merchant.place();
    let word = params.text("status");
    let contract = app.engine().contract_of(id)?;
    let unknown = || refuse("status", "is no status of an order");
    let state = word.map(|word| contract.order_state(word).ok_or_else(unknown)).transpose()?;
    let asked = Asked::read(&app, &params, &format!("techcorp orders {id} {}", mode.name()))?;
    let page = asked.page(OrderId::from_i64);
    let rows = app.engine().merchant_orders((id, mode), (state, params.words()?), page).await?;
    let show = |order| OrderOut::of(&app, order);
    Ok(Answer::ok(asked.answer(&app, rows, |order| order.id.as_i64(), show)))
}

async fn read(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
) -> Answered<OrderOut> {
    let (place, id) = about(&app, merchant.place(), &id)?;
    let order = app.engine().merchant_order(place, id).await?;
    Ok(Answer::ok(OrderOut::of(&app, order)))
}

async fn change(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<OrderOut> {
    let asked = (&*id, sent.decode()?);
    Ok(Answer::ok(alter(&app, merchant, asked, sent.key.as_ref()).await?))
}

async fn alter(
    app: &App,
    merchant: AsMerchant,
    (id, asked): (&str, OrderChangeIn<'_>),
    key: Option<&RequestKey>,
) -> Result<OrderOut, Problem> {
    same_id(id, asked.id.as_deref())?;
    let (place, id) = about(app, merchant.place(), id)?;
    let asset = app.engine().merchant_order(place, id).await?.money.asset;
    let buyer = match asked.customer.patch() {
        None => None,
        Some(None) => Some(Buyer::default()),
        Some(Some(buyer)) => Some(of(app, merchant.id, buyer)?),
    };
    let change = OrderChange {
        items: asked.items.map(|sold| items(sold, asset)).transpose()?,
        buyer,
        description: asked.description.patch(),
        metadata: asked.metadata.map(|notes| metadata(Some(notes))).transpose()?,
    };
    Ok(OrderOut::of(
        app,
        app.engine().change_order(merchant.caller, (place, id), change, key).await?,
    ))
}

async fn ship(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<OrderOut> {
    let ShipIn { carrier, tracking_code } = sent.decode()?;
    let verb = OrderVerb::Ship(Shipment { carrier, tracking_code });
    done(&app, &Client(merchant), &id, (verb, &sent)).await
}

async fn deliver(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<OrderOut> {
    let DeliverIn {} = sent.decode()?;
    done(&app, &Client(merchant), &id, (OrderVerb::Deliver, &sent)).await
}

async fn cancel(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<OrderOut> {
    let CancelIn { reason } = sent.decode()?;
    done(&app, &Client(merchant), &id, (OrderVerb::Cancel(reason), &sent)).await
}

async fn done(
    app: &App,
    Client(merchant): &Client,
    id: &str,
    (verb, sent): (OrderVerb, &Sent),
) -> Answered<OrderOut> {
    let about = about(app, merchant.place(), id)?;
    let order = app.engine().on_order(merchant.caller, about, verb, sent.key.as_ref()).await?;
    Ok(Answer::ok(OrderOut::of(app, order)))
}

fn about(
    app: &App,
    place: (MerchantId, Mode),
    id: &str,
) -> Result<((MerchantId, Mode), OrderId), Problem> {
    let id = app.engine().id_of(place.0, Kind::Order, id)?;
    Ok((place, OrderId::from_i64(id)))
}

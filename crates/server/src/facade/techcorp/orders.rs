//! Orders: `/v1/orders`, which the guide calls `/api/orders`. It prints none; this is what is published here.
//!
//! `total` and `price` are decimals (`299.9`); payments are in cents. `status` is `PENDING`, `PAID`, `SHIPPED`, `DELIVERED` or
//! `CANCELLED`, told by `order.created`, `order.paid` (with the payment that confirms), `order.shipped`, `order.delivered` and
//! `order.cancelled`. A payment whose `order_id` is an order's pays it: it is of its `total`.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use posthorn_core::contract::Kind;
use posthorn_core::id::{CustomerId, MerchantId, OrderId};
use posthorn_core::money::Asset;
use posthorn_core::order::{self, Buyer, Order, Shipment, Wish};
use posthorn_core::payment::OrderItem;
use posthorn_engine::{EngineError, OrderChange, OrderDraft, OrderVerb};
use posthorn_store::Page;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::Client;
use super::decimals;
use super::kept::{self, By, Kept, Place, Wanted, same_id};
use crate::answer::{Answer, Answered};
use crate::api::metadata;
use crate::app::App;
use crate::body::Sent;
use crate::decode::Change;
use crate::params::{Id, Params, refuse};
use crate::problem::Problem;
use crate::time::Timestamp;

pub(super) fn routes() -> Router<App> {
    Order::PATHS.iter().fold(kept::routes::<Order>(), |router, orders| {
        router
            .route(&format!("{orders}/{{id}}/ship"), post(tell::<ShipIn>))
            .route(&format!("{orders}/{{id}}/deliver"), post(tell::<DeliverIn>))
            .route(&format!("{orders}/{{id}}/cancel"), post(tell::<CancelIn>))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderIn<'a> {
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
pub(super) struct OrderChangeIn<'a> {
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
pub(super) struct OrderOut {
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

impl Kept for Order {
    const KIND: Kind = Kind::Order;
    const MANY: &'static str = "orders";
    const PATHS: &'static [&'static str] = &["/v1/orders", "/api/orders"];
    const PARAMS: &'static [&'static str] = &["limit", "cursor", "q", "status"];
    type Made<'a> = OrderIn<'a>;
    type Changed<'a> = OrderChangeIn<'a>;
    type Out = OrderOut;
    type Filter = Option<order::State>;

    async fn make<'a>(by: By<'a>, made: OrderIn<'a>) -> Result<(Self, bool), Problem> {
        let asset = decimals::currency(made.currency.as_deref())?;
        let total = made.total.map(|total| decimals::read("total", total, asset)).transpose()?;
        let wish = Wish {
            items: items(made.items, asset)?,
            reference: made.reference,
            buyer: made.customer.map(|who| buyer(by, who)).transpose()?.unwrap_or_default(),
            description: made.description,
            metadata: metadata(made.metadata)?,
        };
        let (caller, place) = (by.merchant.caller, by.merchant.place());
        let draft = OrderDraft { asset, total, wish };
        Ok(by.app.engine().create_order(caller, place, draft, by.key).await?)
    }

    async fn alter<'a>(by: By<'a>, id: &str, changed: OrderChangeIn<'a>) -> Result<Self, Problem> {
        same_id(id, changed.id.as_deref())?;
        let (place, id) = (by.merchant.place(), by.number::<Self>(id)?);
        let asset = Self::find(by.app, place, id).await?.money.asset;
        let buyer = match changed.customer.patch() {
            None => None,
            Some(None) => Some(Buyer::default()),
            Some(Some(who)) => Some(buyer(by, who)?),
        };
        let change = OrderChange {
            items: changed.items.map(|sold| items(sold, asset)).transpose()?,
            buyer,
            description: changed.description.patch(),
            metadata: changed.metadata.map(|notes| metadata(Some(notes))).transpose()?,
        };
        let about = (place, OrderId::from_i64(id));
        Ok(by.app.engine().change_order(by.merchant.caller, about, change, by.key).await?)
    }

    async fn find(app: &App, place: Place, id: i64) -> Result<Self, EngineError> {
        app.engine().merchant_order(place, OrderId::from_i64(id)).await
    }

    fn filter(app: &App, id: MerchantId, params: &Params) -> Result<Self::Filter, Problem> {
        let contract = app.engine().contract_of(id)?;
        let unknown = || refuse("status", "is no status of an order");
        let word = params.text("status");
        word.map(|word| contract.order_state(word).ok_or_else(unknown)).transpose()
    }

    async fn rows(app: &App, wanted: Wanted<Self::Filter>) -> Result<Vec<Self>, EngineError> {
        let Wanted { place, filter, words, page: Page { after, limit } } = wanted;
        let page = Page { after: after.map(OrderId::from_i64), limit };
        app.engine().merchant_orders(place, (filter, words), page).await
    }

    fn number(&self) -> i64 {
        self.id.as_i64()
    }

    fn show(self, app: &App) -> OrderOut {
        let (engine, merchant) = (app.engine(), self.merchant);
        let wire = |kind, id| engine.id_on_the_wire(merchant, kind, id);
        let name = self.state.name();
        let contract = engine.contract_of(merchant).ok();
        let status = contract.map_or(name.into(), |known| known.order_status(name).to_owned());
        let Wish { items, reference, buyer, description, metadata } = self.wish;
        let item = |item: OrderItem| ItemOut {
            product_id: item.product,
            name: item.name,
            quantity: item.quantity,
            price: decimals::print(self.money.with(item.price)),
        };
        OrderOut {
            id: wire(Kind::Order, self.id.as_i64()),
            reference,
            status,
            total: decimals::print(self.money),
            currency: self.money.asset.code(),
            items: items.into_iter().map(item).collect(),
            customer: BuyerOut {
                id: buyer.id.map(|id| wire(Kind::Customer, id.as_i64())),
                name: buyer.name,
                email: buyer.email,
                phone: buyer.phone,
                document: buyer.document,
            },
            description,
            payment_id: self.payment.map(|id| wire(Kind::Payment, id.as_i64())),
            carrier: self.shipment.carrier,
            tracking_code: self.shipment.tracking_code,
            cancel_reason: self.reason,
            metadata: RawValue::from_string(metadata).unwrap_or_default(),
            created_at: self.created.into(),
            updated_at: self.updated.into(),
            paid_at: self.paid.map(Into::into),
            shipped_at: self.shipped.map(Into::into),
            delivered_at: self.delivered.map(Into::into),
            cancelled_at: self.canceled.map(Into::into),
        }
    }
}

fn items(items: Vec<ItemIn<'_>>, asset: Asset) -> Result<Vec<OrderItem>, Problem> {
    let item = |item: ItemIn<'_>| {
        let price = decimals::read("items", item.price, asset)?.minor;
        let (product, name, quantity) = (item.product_id, item.name, item.quantity);
        Ok(OrderItem { product, name, quantity, price })
    };
    items.into_iter().map(item).collect()
}

fn buyer(by: By<'_>, buyer: BuyerIn) -> Result<Buyer, Problem> {
    let known = |id: String| by.app.engine().id_of(by.merchant.id, Kind::Customer, &id);
    let id = buyer.id.map(known).transpose()?.map(CustomerId::from_i64);
    let BuyerIn { name, email, phone, document, .. } = buyer;
    Ok(Buyer { id, name, email, phone, document })
}

impl From<ShipIn> for OrderVerb {
    fn from(ShipIn { carrier, tracking_code }: ShipIn) -> Self {
        Self::Ship(Shipment { carrier, tracking_code })
    }
}

impl From<DeliverIn> for OrderVerb {
    fn from(DeliverIn {}: DeliverIn) -> Self {
        Self::Deliver
    }
}

impl From<CancelIn> for OrderVerb {
    fn from(CancelIn { reason }: CancelIn) -> Self {
        Self::Cancel(reason)
    }
}

/// What its merchant tells of an order.
async fn tell<T: DeserializeOwned + Into<OrderVerb>>(
    State(app): State<App>,
    Client(merchant): Client,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<OrderOut> {
    let verb = sent.decode::<T>()?.into();
    let by = By { app: &app, merchant, key: sent.key.as_ref() };
    let about = (merchant.place(), OrderId::from_i64(by.number::<Order>(&id)?));
    let order = app.engine().on_order(merchant.caller, about, verb, by.key).await?;
    Ok(Answer::ok(order.show(&app)))
}

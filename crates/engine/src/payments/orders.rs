//! Orders: made, changed, shipped, delivered, called off. A payment whose reference is an order's id pays that order: it is made
//! for what the order comes to, and the order is paid in the transaction in which its payment is. Any other reference is the
//! merchant's own affair.

use posthorn_core::contract::{Kind, Transition};
use posthorn_core::event::Mode;
use posthorn_core::id::{CustomerId, MerchantId, OrderId};
use posthorn_core::money::{Asset, Money};
use posthorn_core::order::{Buyer, Order, Shipment, State, Wish, total};
use posthorn_core::payment::{OrderItem, Step};
use posthorn_core::search::Words;
use posthorn_core::shop::{Customer, check_texts};
use posthorn_store::{Page, Record, RecordKind, RecordQuery};

use super::affair::Affair;
use super::card::{check_no_card, check_text};
use super::keeping::Written;
use super::name;
use crate::Engine;
use crate::caller::{Caller, RequestKey};
use crate::error::EngineError;
use crate::settings::refuse;
use crate::shared::Shared;

/// An order to make.
#[derive(Debug, Clone)]
pub struct OrderDraft {
    /// What its prices are in.
    pub asset: Asset,
    /// What it is said to come to; what it does come to when left out.
    pub total: Option<Money>,
    /// The rest of it. What is left out of its buyer is taken from the customer.
    pub wish: Wish,
}

/// What to change of an order: what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct OrderChange {
    /// What is bought, all of it.
    pub items: Option<Vec<OrderItem>>,
    /// Who buys, all of it.
    pub buyer: Option<Buyer>,
    /// What the buyer reads.
    pub description: Option<Option<String>>,
    /// The merchant's own notes, as a whole.
    pub metadata: Option<String>,
}

/// What a merchant tells of an order.
#[derive(Debug, Clone)]
pub enum OrderVerb {
    /// It was sent.
    Ship(Shipment),
    /// It has arrived.
    Deliver,
    /// It is called off, for a reason.
    Cancel(Option<String>),
}

impl Engine {
    /// Makes an order. The answer says whether the same request had made it before.
    pub async fn create_order(
        &self,
        caller: Caller,
        place: (MerchantId, Mode),
        draft: OrderDraft,
        request: Option<&RequestKey>,
    ) -> Result<(Order, bool), EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if let Some(id) = shared.used(once).await? {
                return Ok((shared.order_of(place, OrderId::from_i64(id)).await?, true));
            }
            let OrderDraft { asset, total: said, mut wish } = draft;
            shared.name_buyer(place, &mut wish.buyer).await?;
            let money = checked(&wish, asset)?;
            if said.is_some_and(|said| said != money) {
                return refuse("total", format!("the items come to {money}"));
            }
            let real = shared.clock.now();
            let id = OrderId::from_i64(shared.next_event_id(real).as_i64());
            let now = shared.directory.now(place.0, place.1, real);
            let step = Order::open(id, place, money, wish, now).map(Affair::from);
            match shared.write_step(0, step, Vec::new(), once).await {
                Ok(Written::Now(affair)) => Ok((affair.order()?, false)),
                Ok(Written::Before(id)) => {
                    Ok((shared.order_of(place, OrderId::from_i64(id)).await?, true))
                }
                // Another order has its reference.
                Err(EngineError::Store(error)) => Err(error.into()),
                Err(error) => Err(error),
            }
        };
        self.through(work).await
    }

    /// One order.
    pub async fn merchant_order(
        &self,
        place: (MerchantId, Mode),
        id: OrderId,
    ) -> Result<Order, EngineError> {
        self.shared.order_of(place, id).await
    }

    /// Orders, newest first; those with these words, where some are looked for.
    pub async fn merchant_orders(
        &self,
        place: (MerchantId, Mode),
        (state, words): (Option<State>, Option<Words>),
        page: Page<OrderId>,
    ) -> Result<Vec<Order>, EngineError> {
        let state = state.map(|state| state as u8);
        let query = RecordQuery { place, kind: RecordKind::Order, state };
        let page = Page { after: page.after.map(OrderId::as_i64), limit: page.limit };
        let records = self.shared.found(query, words, page).await?;
        records.iter().map(|record| Affair::read(record)?.order()).collect()
    }

    /// Changes what an order says. Under the same key it is done once.
    pub async fn change_order(
        &self,
        caller: Caller,
        (place, id): ((MerchantId, Mode), OrderId),
        change: OrderChange,
        request: Option<&RequestKey>,
    ) -> Result<Order, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            let order = shared.order_of(place, id).await?;
            if shared.used(once).await?.is_some() {
                return Ok(order);
            }
            let mut change = change;
            if let Some(buyer) = &mut change.buyer {
                shared.name_buyer(place, buyer).await?;
            }
            let edit = move |affair: Affair, now| {
                let order = affair.order()?;
                let (wish, asset) = (change.clone().to(order.wish.clone()), order.money.asset);
                let money = checked(&wish, asset)?;
                let edited = order.edit(wish, money, now)?;
                Ok::<_, EngineError>(Step::still(Affair::from(edited)))
            };
            shared.change(id.as_i64(), edit, once).await?.order()
        };
        self.through(work).await
    }

    /// Ships an order, delivers it or calls it off. Under the same key it is done once.
    pub async fn on_order(
        &self,
        caller: Caller,
        (place, id): ((MerchantId, Mode), OrderId),
        verb: OrderVerb,
        request: Option<&RequestKey>,
    ) -> Result<Order, EngineError> {
        let (engine, request) = (self.clone(), request.cloned());
        let work = async move {
            let shared = &engine.shared;
            let (once, _held) = shared.once(caller, request.as_ref())?;
            if shared.used(once).await?.is_some() {
                return shared.order_of(place, id).await;
            }
            verb.check()?;
            shared.order_of(place, id).await?;
            let decide = move |affair: Affair, now| {
                let order = affair.order()?;
                let step = match verb.clone() {
                    OrderVerb::Ship(shipment) => order.ship(shipment, now),
                    OrderVerb::Deliver => order.deliver(now),
                    OrderVerb::Cancel(reason) => order.cancel(reason, now),
                };
                Ok::<_, EngineError>(step?.map(Affair::from))
            };
            shared.change(id.as_i64(), decide, once).await?.order()
        };
        self.through(work).await
    }
}

impl OrderVerb {
    fn check(&self) -> Result<(), EngineError> {
        let texts = match self {
            Self::Ship(Shipment { carrier, tracking_code }) => {
                vec![("carrier", carrier.as_deref()), ("tracking_code", tracking_code.as_deref())]
            }
            Self::Deliver => Vec::new(),
            Self::Cancel(reason) => vec![("reason", reason.as_deref())],
        };
        check_texts(&texts)?;
        texts.iter().try_for_each(|(field, text)| check_text(field, text.unwrap_or_default()))
    }
}

impl OrderChange {
    fn to(self, wish: Wish) -> Wish {
        Wish {
            items: self.items.unwrap_or(wish.items),
            reference: wish.reference,
            buyer: self.buyer.unwrap_or(wish.buyer),
            description: self.description.unwrap_or(wish.description),
            metadata: self.metadata.unwrap_or(wish.metadata),
        }
    }
}

impl Shared {
    /// One order of a merchant.
    async fn order_of(&self, place: (MerchantId, Mode), id: OrderId) -> Result<Order, EngineError> {
        let missing = || EngineError::Missing { what: "order" };
        let record = self.store.record(id.as_i64()).await?.ok_or_else(missing)?;
        if (record.kind, record.merchant, record.mode) != (RecordKind::Order, place.0, place.1) {
            return Err(missing());
        }
        Affair::read(&record)?.order()
    }

    /// Takes what is not said of a buyer from the customer that it is.
    async fn name_buyer(
        &self,
        place: (MerchantId, Mode),
        buyer: &mut Buyer,
    ) -> Result<(), EngineError> {
        let Some(id) = buyer.id.map(CustomerId::as_i64) else { return Ok(()) };
        let (known, _) = self.thing::<Customer>(place, id).await?;
        let Buyer { name, email, phone, document, .. } = std::mem::take(buyer);
        *buyer = Buyer {
            id: Some(known.id),
            name: name.or(known.name),
            email: email.or(known.email),
            phone: phone.or(known.phone),
            document: document.or(known.document),
        };
        Ok(())
    }

    /// Writes a reference that is an order's id in the one way that the contract writes it: one order has one payment.
    pub(super) fn one_spelling(
        &self,
        merchant: MerchantId,
        reference: &mut Option<String>,
    ) -> Result<(), EngineError> {
        let contract = self.contract_at(merchant)?;
        let read = reference.as_deref().and_then(|text| contract.read_id(Kind::Order, text));
        if let Some(id) = read {
            *reference = Some(contract.wire_id(Kind::Order, id));
        }
        Ok(())
    }

    /// What a payment's step means to the order that it pays: its record, to be written with it.
    pub(super) async fn with_order(
        &self,
        step: &Step<Affair>,
    ) -> Result<Option<Record>, EngineError> {
        let Affair::Payment(payment) = &step.after else { return Ok(None) };
        let begun = step.told.contains(&Transition::PaymentCreated);
        let paid = step.told.contains(&Transition::PaymentSucceeded);
        let Some(reference) = payment.wish.reference.as_deref().filter(|_| begun || paid) else {
            return Ok(None);
        };
        let contract = self.contract_at(payment.merchant)?;
        let Some(id) = contract.read_id(Kind::Order, reference) else { return Ok(None) };
        let Some(record) = self.store.record(id).await? else { return Ok(None) };
        let (kind, place) = (record.kind, (record.merchant, record.mode));
        if kind != RecordKind::Order || place != (payment.merchant, payment.mode) {
            return Ok(None);
        }
        let before = Affair::read(&record)?.order()?;
        let mut order = before.clone();
        if begun {
            order = order.pay(payment.id, payment.updated)?;
            if order.money != payment.money {
                return refuse("amount", format!("the order comes to {}", order.money));
            }
        }
        if paid {
            order = order.paid(payment.id, payment.updated);
        }
        Ok((order != before).then(|| Affair::from(order).record(record.version)))
    }
}

/// Checks all that an order's merchant wrote, and adds it up.
fn checked(wish: &Wish, asset: Asset) -> Result<Money, EngineError> {
    let Wish { items, reference, buyer, description, metadata: _ } = wish;
    let money = match total(items, asset) {
        Ok(money) => money,
        Err(bad) => return refuse("items", bad.to_string()),
    };
    check_texts(&[
        ("reference", reference.as_deref()),
        ("description", description.as_deref()),
        ("name", buyer.name.as_deref()),
        ("email", buyer.email.as_deref()),
        ("phone", buyer.phone.as_deref()),
        ("document", buyer.document.as_deref()),
    ])?;
    for item in items {
        check_texts(&[("items", Some(&item.product)), ("items", item.name.as_deref())])?;
    }
    name::check(reference.as_deref())?;
    check_no_card(wish)?;
    Ok(money)
}

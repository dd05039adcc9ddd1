//! Where the value of each hole of a data template comes from.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Contract;
use super::field::{
    About, Amount, Common, Customer, Each, Field, Item, Leg, Order, Payout, Product, Rail, Sale,
    Time, User,
};
use super::render::whole_seconds;
use super::shape::Source;
use super::wire_id::Kind;
use crate::json::{self, Json};
use crate::money::{Money, Units};
use crate::payment::{Cart, Facts, Instrument, LegState, Payment, Split, State, Subject};

/// A payment (or what else facts are about), told in a contract's words.
pub(super) struct Told<'a> {
    pub contract: &'a Contract,
    pub facts: &'a Facts<'a>,
}

impl Source for Told<'_> {
    fn value(&self, field: Field, at: Option<usize>) -> Option<Json> {
        match field {
            Field::Common(common) => self.common(common).map(Json::from),
            Field::Payment(about) => match self.payment() {
                Some(payment) => self.about(about, payment),
                None => self.about_announced(about),
            },
            Field::Amount(amount) => self.amount(amount),
            Field::Time(time) => self.time(time).map(|at| whole_seconds(at).into()),
            Field::Rail(rail) => self.rail(rail).map(Json::from),
            Field::Customer(who) => self.customer(who).map(Json::from),
            Field::Sale(sale) => self.sale(sale).map(Json::from),
            Field::Leg(fact) => self.leg(fact, at?),
            Field::Payout(fact) => self.payout(fact),
            Field::Order(fact) => self.order(fact).map(Json::from),
            Field::Item(fact) => self.item(fact, at?),
            Field::Product(fact) => self.product(fact),
            Field::User(fact) => self.user(fact).map(Json::from),
        }
    }

    fn count(&self, each: Each) -> usize {
        match each {
            Each::Leg => self.split().map_or(0, |split| split.legs.len()),
            Each::Item => self.facts.order().map_or(0, |order| order.items.len()),
        }
    }
}

impl Told<'_> {
    fn payment(&self) -> Option<&Payment> {
        self.facts.payment()
    }

    fn split(&self) -> Option<&Split> {
        self.payment()?.split.as_ref()
    }

    fn id(&self, kind: Kind, id: i64) -> String {
        self.contract.wire_id(kind, id)
    }

    fn common(&self, common: Common) -> Option<&str> {
        match common {
            Common::Merchant => Some(self.facts.merchant),
            Common::Currency => self.facts.money().map(|money| money.asset.code()),
            Common::Description => self.facts.description(),
        }
    }

    fn about(&self, about: About, payment: &Payment) -> Option<Json> {
        let text = |text: Option<&str>| text.map(Json::from);
        let card = payment.card();
        match about {
            About::Id => Some(self.id(Kind::Payment, payment.id.as_i64()).into()),
            About::Status => text(Some(self.contract.status(payment.state))),
            About::StatusV2 => text(self.contract.status_v2(payment.state)),
            About::Metadata => Some(notes(&payment.wish.metadata)),
            About::MetadataIfAny => {
                Some(notes(&payment.wish.metadata)).filter(|notes| !is_empty(notes))
            }
            About::Reference => text(payment.wish.reference.as_deref()),
            About::Provider => text(Some(payment.provider())),
            About::ProviderReference => self.provider_reference(payment).map(Json::from),
            About::ProviderCharge => text(charge(payment)),
            About::Method => text(Some(self.contract.method_word(payment.wish.method.name()))),
            About::Installments => Some(u32::from(payment.wish.installments).into()),
            About::CardBrand => text(card.map(|card| card.brand.as_str())),
            About::CardLast4 => text(card.map(|card| card.last4.as_str())),
            About::CallbackUrl => text(payment.wish.callback.as_deref()),
            About::FailureCode => text(payment.failure().map(|(code, _)| code)),
            About::FailureMessage => text(payment.failure().map(|(_, message)| message)),
            About::Late => payment.late.then_some(true.into()),
            About::SplitId => {
                let of = payment.split.as_ref().map(|_| payment.id.as_i64());
                of.map(|id| self.id(Kind::Split, id).into())
            }
        }
    }

    /// The same of a payment that was told of with its checkout, and is not made yet.
    fn about_announced(&self, about: About) -> Option<Json> {
        let Subject::Cart(Cart { payment: Some(id), metadata, .. }) = self.facts.subject else {
            return None;
        };
        match about {
            About::Id => Some(self.id(Kind::Payment, id.as_i64()).into()),
            About::Status => Some(self.contract.status(State::Created).into()),
            About::StatusV2 => self.contract.status_v2(State::Created).map(Json::from),
            About::Metadata => Some(notes(metadata)),
            About::MetadataIfAny => Some(notes(metadata)).filter(|notes| !is_empty(notes)),
            About::Reference
            | About::Provider
            | About::ProviderReference
            | About::ProviderCharge
            | About::Method
            | About::Installments
            | About::CardBrand
            | About::CardLast4
            | About::CallbackUrl
            | About::FailureCode
            | About::FailureMessage
            | About::Late
            | About::SplitId => None,
        }
    }

    fn amount(&self, amount: Amount) -> Option<Json> {
        let money = self.facts.money()?;
        let (money, units) = match amount {
            Amount::Whole => (money, self.contract.units()),
            Amount::Major => (money, Units::Major),
            Amount::Refunded => {
                let minor = Some(self.payment()?.refunded()).filter(|minor| *minor > 0)?;
                (money.with(minor), self.contract.units())
            }
            Amount::Split => (money.with(self.split()?.total()), self.contract.units()),
            Amount::Offer => (self.facts.sale()?.offer.as_ref()?.price, self.contract.units()),
        };
        number(money, units)
    }

    fn time(&self, time: Time) -> Option<Timestamp> {
        match time {
            Time::Created => Some(self.facts.created()),
            Time::Updated => Some(self.facts.updated()),
            Time::Paid => match self.facts.order() {
                Some(order) => order.paid,
                None => Some(self.payment()?.paid.as_ref()?.at),
            },
            Time::Shipped => self.facts.order()?.shipped,
            Time::Delivered => self.facts.order()?.delivered,
            Time::Expires => self.payment()?.wish.expires,
            Time::Refunded => self.payment()?.refunded_at(),
            Time::Canceled => {
                if let Some(order) = self.facts.order() {
                    return order.canceled;
                }
                let canceled = |payment: &&Payment| payment.state == State::Canceled;
                self.payment().filter(canceled)?.ended
            }
            Time::Processed => self.split()?.ended,
        }
    }

    fn rail(&self, rail: Rail) -> Option<String> {
        let instrument = self.facts.instrument();
        let paid = |method| self.payment()?.transaction(method).map(str::to_owned);
        match rail {
            Rail::Txid => pix(instrument).map(|(txid, _)| txid.to_owned()),
            Rail::QrCode => pix(instrument).map(|(_, code)| code.to_owned()),
            Rail::PaymentLink => self.facts.payment_link.map(str::to_owned),
            Rail::Barcode => boleto(instrument).map(|(barcode, _, _)| barcode.to_owned()),
            Rail::DigitableLine => boleto(instrument).map(|(_, line, _)| line.to_owned()),
            Rail::Due => boleto(instrument).map(|(_, _, due)| due.to_string()),
            Rail::PayAddress => xrp(instrument).map(|(address, _)| address.to_owned()),
            Rail::DestinationTag => xrp(instrument).map(|(_, tag)| tag.to_string()),
            Rail::EndToEnd => paid("pix"),
            Rail::TxHash => paid("xrp"),
            Rail::Receipt => paid("mobile_money"),
        }
    }

    fn customer(&self, who: Customer) -> Option<String> {
        if let (Customer::Id, Subject::Cart(cart)) = (who, self.facts.subject) {
            return cart.customer.map(|id| self.id(Kind::Customer, id.as_i64()));
        }
        let customer = self.facts.customer()?;
        let known = match who {
            Customer::Id => &customer.id,
            Customer::Name => &customer.name,
            Customer::Email => &customer.email,
            Customer::Phone => &customer.phone,
            Customer::Document => &customer.document,
        };
        known.clone()
    }

    fn sale(&self, fact: Sale) -> Option<String> {
        if let Some(product) = self.facts.product() {
            return match fact {
                Sale::ProductId => Some(self.id(Kind::Product, product.id.as_i64())),
                Sale::ProductName => Some(product.name.to_owned()),
                Sale::ProductType => product.kind.map(str::to_owned),
                Sale::CheckoutId
                | Sale::CheckoutEmail
                | Sale::CheckoutPhone
                | Sale::CheckoutName
                | Sale::OfferId
                | Sale::OfferName => None,
            };
        }
        let sale = self.facts.sale();
        let checkout = sale.and_then(|sale| sale.checkout.as_ref());
        let product = sale.and_then(|sale| sale.product.as_ref());
        let offer = sale.and_then(|sale| sale.offer.as_ref());
        match fact {
            Sale::CheckoutId => {
                self.facts.checkout().map(|id| self.id(Kind::Checkout, id.as_i64()))
            }
            Sale::CheckoutEmail => checkout?.email.clone(),
            Sale::CheckoutPhone => checkout?.phone.clone(),
            Sale::CheckoutName => checkout?.name.clone(),
            Sale::ProductId => product.map(|sold| self.id(Kind::Product, sold.id.as_i64())),
            Sale::ProductName => product.map(|sold| sold.name.clone()),
            Sale::ProductType => product?.kind.clone(),
            Sale::OfferId => offer.map(|offer| self.id(Kind::Offer, offer.id.as_i64())),
            Sale::OfferName => offer.map(|offer| offer.name.clone()),
        }
    }

    fn leg(&self, fact: Leg, at: usize) -> Option<Json> {
        let leg = self.split()?.legs.get(at)?;
        match fact {
            Leg::Id => {
                let ordinal = i64::try_from(at).ok()? + 1;
                Some(self.id(Kind::Leg, self.payment()?.id.as_i64() | ordinal).into())
            }
            Leg::Name => Some(leg.name.as_str().into()),
            Leg::Amount => number(self.facts.money()?.with(leg.minor), self.contract.units()),
            Leg::Status => Some(self.contract.leg_status(&leg.state).into()),
            Leg::Transaction => match &leg.state {
                LegState::Processed { transaction } => Some(transaction.as_str().into()),
                LegState::Pending | LegState::Failed { .. } => None,
            },
            Leg::FailureCode => match &leg.state {
                LegState::Failed { refusal } => Some(refusal.code.as_str().into()),
                LegState::Pending | LegState::Processed { .. } => None,
            },
        }
    }

    fn payout(&self, fact: Payout) -> Option<Json> {
        let payout = self.facts.payout()?;
        let text = |text: &str| Some(Json::from(text));
        match fact {
            Payout::Id => Some(self.id(Kind::Payout, payout.id.as_i64()).into()),
            Payout::Status => text(payout.status),
            Payout::Destination => text(payout.destination),
            Payout::Provider => text(payout.provider),
            Payout::Reference => payout.reference.and_then(text),
            Payout::Metadata => Some(notes(payout.metadata)),
            Payout::Transaction => payout.transaction.and_then(text),
            Payout::FailureCode => payout.failure_code.and_then(text),
        }
    }

    fn order(&self, fact: Order) -> Option<String> {
        let order = self.facts.order()?;
        let text = |text: Option<&str>| text.map(str::to_owned);
        match fact {
            Order::Id => Some(self.id(Kind::Order, order.id.as_i64())),
            Order::Status => text(Some(self.contract.order_status(order.status))),
            Order::Reference => text(order.reference),
            Order::Carrier => text(order.carrier),
            Order::TrackingCode => text(order.tracking_code),
            Order::CancelReason => text(order.reason),
        }
    }

    fn item(&self, fact: Item, at: usize) -> Option<Json> {
        let order = self.facts.order()?;
        let item = order.items.get(at)?;
        let price = order.money.with(item.price);
        match fact {
            Item::ProductId => Some(item.product.as_str().into()),
            Item::Name => item.name.as_deref().map(Json::from),
            Item::Quantity => Some(item.quantity.into()),
            Item::Price => number(price, self.contract.units()),
            Item::PriceMajor => number(price, Units::Major),
        }
    }

    fn product(&self, fact: Product) -> Option<Json> {
        let product = self.facts.product()?;
        match fact {
            Product::Sku => product.sku.map(Json::from),
            Product::Stock => product.stock.map(Json::from),
            Product::Status => Some(self.contract.product_status(product.active).into()),
        }
    }

    fn user(&self, fact: User) -> Option<String> {
        let user = self.facts.user()?;
        Some(match fact {
            User::Id => self.id(Kind::User, user.id.as_i64()),
            User::Email => user.email.to_owned(),
            User::Name => user.name.to_owned(),
        })
    }

    /// What the provider's books are asked by: our own reference, where the contract gives its providers one, else what the
    /// provider calls the charge.
    fn provider_reference(&self, payment: &Payment) -> Option<String> {
        let provider = self.contract.provider(payment.provider());
        if let Some(reference) = provider.and_then(|provider| provider.reference(payment)) {
            return Some(reference);
        }
        match payment.instrument.as_ref()? {
            Instrument::Pix { txid, .. } => Some(txid.clone()),
            Instrument::Boleto { barcode, .. } => Some(barcode.clone()),
            Instrument::Push { checkout_request } => Some(checkout_request.clone()),
            Instrument::Bank { reference } => Some(reference.clone()),
            Instrument::Card { charge } => Some(charge.clone()),
            Instrument::Xrp { .. } => None,
        }
    }
}

/// The provider's own id of what was charged: of a card from the start, of anything else once it was paid.
fn charge(payment: &Payment) -> Option<&str> {
    match &payment.instrument {
        Some(Instrument::Card { charge }) => Some(charge),
        Some(
            Instrument::Pix { .. }
            | Instrument::Boleto { .. }
            | Instrument::Push { .. }
            | Instrument::Xrp { .. }
            | Instrument::Bank { .. },
        )
        | None => payment.paid.as_ref().map(|paid| paid.transaction.as_str()),
    }
}

/// The merchant's notes. They were canonical when they were stored.
fn notes(metadata: &str) -> Json {
    let notes = json::parse(metadata.as_bytes()).ok();
    notes.filter(|notes| notes.as_object().is_some()).unwrap_or_else(|| json::Members::new().into())
}

fn is_empty(notes: &Json) -> bool {
    notes.as_object().is_none_or(json::Members::is_empty)
}

/// An amount as a JSON number, read from its decimal digits.
fn number(money: Money, units: Units) -> Option<Json> {
    json::parse(money.print(units).as_bytes()).ok()
}

fn pix(instrument: Option<&Instrument>) -> Option<(&str, &str)> {
    if let Some(Instrument::Pix { txid, br_code }) = instrument {
        Some((txid, br_code))
    } else {
        None
    }
}

fn boleto(instrument: Option<&Instrument>) -> Option<(&str, &str, Date)> {
    if let Some(Instrument::Boleto { barcode, line, due }) = instrument {
        Some((barcode, line, *due))
    } else {
        None
    }
}

fn xrp(instrument: Option<&Instrument>) -> Option<(&str, u32)> {
    if let Some(Instrument::Xrp { address, tag }) = instrument {
        Some((address, *tag))
    } else {
        None
    }
}

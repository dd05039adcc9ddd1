//! A checkout as a merchant asks for it, and as the native API shows it.

use posthorn_core::checkout::{Checkout, Payer};
use posthorn_core::contract::Kind;
use posthorn_core::duration;
use posthorn_core::id::{CustomerId, OfferId};
use posthorn_engine::{CheckoutDraft, EngineError};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::payment_in::{agreed, metadata, unfit};
use crate::app::App;
use crate::base::Base;
use crate::decode::Change;
use crate::problem::Problem;
use crate::time::Timestamp;

/// A checkout to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckoutIn<'a> {
    /// What is sold: one of your offers. Without one, send `amount` and `currency`.
    #[schema(example = "off_3ab3f5n40000")]
    offer: Option<String>,
    /// How much, in minor units; the offer's price when left out.
    #[serde(borrow)]
    #[schema(value_type = Option<i64>, example = 10000, minimum = 1)]
    amount: Option<&'a RawValue>,
    /// The currency.
    #[schema(example = "BRL")]
    currency: Option<String>,
    /// Which of your customers buys it.
    #[schema(example = "cust_3ab3f5n40000")]
    customer: Option<String>,
    /// The payer's name; the customer's when left out, as with the others.
    name: Option<String>,
    /// The payer's e-mail address.
    email: Option<String>,
    /// The payer's telephone.
    phone: Option<String>,
    /// The payer's CPF, CNPJ or another document.
    document: Option<String>,
    /// What the payer reads.
    description: Option<String>,
    /// Your own notes: a JSON object. Its payments have them too, unless they have their own.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<&'a RawValue>,
    /// For how long it may be paid: `15m`, `24h`; the contract's own when left out.
    #[schema(example = "24h")]
    expires_in: Option<String>,
}

impl CheckoutIn<'_> {
    /// What the engine is asked for; `id` reads the contract's ids.
    pub(super) fn draft(
        self,
        id: impl Fn(Kind, &str) -> Result<i64, EngineError>,
    ) -> Result<CheckoutDraft, Problem> {
        let money = agreed(self.amount, self.currency.as_deref())?;
        let offer = self.offer.map(|text| id(Kind::Offer, &text)).transpose()?;
        let customer = self.customer.map(|text| id(Kind::Customer, &text)).transpose()?;
        let expires_in = self.expires_in.as_deref().map(duration::parse).transpose();
        let Self { name, email, phone, document, .. } = self;
        Ok(CheckoutDraft {
            money,
            offer: offer.map(OfferId::from_i64),
            customer: customer.map(CustomerId::from_i64),
            payer: Payer { name, email, phone, document },
            description: self.description,
            metadata: metadata(self.metadata)?,
            expires_in: expires_in.map_err(|bad| unfit("expires_in", bad))?,
        })
    }
}

/// Who pays: what is left out stays, `null` takes it away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckoutChange {
    /// The payer's name.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) name: Change<String>,
    /// The payer's e-mail address.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) email: Change<String>,
    /// The payer's telephone.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) phone: Change<String>,
    /// The payer's CPF, CNPJ or another document.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(super) document: Change<String>,
}

/// The product of a checkout, as it was when that was opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SoldProduct)]
pub(super) struct SoldProductOut {
    /// Its id.
    #[schema(example = "prod_3ab3f5n40000")]
    id: String,
    /// What it is called.
    name: String,
    /// What it is, in the platform's word.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
}

/// The offer of a checkout, as it was when that was opened.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TakenOffer)]
pub(super) struct TakenOfferOut {
    /// Its id.
    #[schema(example = "off_3ab3f5n40000")]
    id: String,
    /// What it is called.
    name: String,
    /// What it costs, in minor units.
    price: i64,
}

/// Something to be paid for, once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Checkout)]
pub(super) struct CheckoutOut {
    /// Its id, in the contract's form.
    #[schema(example = "co_3ab3f5n40000")]
    id: String,
    /// The payer's page.
    url: String,
    /// Where it stands: `open`, `completed`, `abandoned`, `expired`, `canceled`.
    state: &'static str,
    /// How much, in minor units.
    amount: i64,
    /// The currency.
    currency: &'static str,
    /// What is sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<SoldProductOut>,
    /// At what price.
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<TakenOfferOut>,
    /// Which of your customers buys it.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    /// The payer's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The payer's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The payer's telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// The payer's CPF, CNPJ or another document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// What the payer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Your own notes.
    #[schema(value_type = Object)]
    metadata: Box<RawValue>,
    /// The payment that was made for it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "pay_3ab3f5n40000")]
    payment: Option<String>,
    /// When it was opened.
    created: Timestamp,
    /// When it last changed.
    updated: Timestamp,
    /// Until when it may be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    /// When it was completed, abandoned or called off, or expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
}

impl CheckoutOut {
    /// `base`: where the server was asked, for its page, where the deployment has no public URL.
    pub(super) fn of(app: &App, checkout: Checkout, base: &Base) -> Self {
        let (merchant, engine) = (checkout.merchant, app.engine());
        let wire = |kind, id| engine.id_on_the_wire(merchant, kind, id);
        let url = engine.checkout_link(checkout.id);
        let wish = checkout.wish;
        let Payer { name, email, phone, document } = wish.payer;
        Self {
            id: wire(Kind::Checkout, checkout.id.as_i64()),
            url: url.unwrap_or_else(|| base.checkout(engine, checkout.id)),
            state: checkout.state.name(),
            amount: checkout.money.minor,
            currency: checkout.money.asset.code(),
            product: wish.product.map(|product| SoldProductOut {
                id: wire(Kind::Product, product.id.as_i64()),
                name: product.name,
                kind: product.kind,
            }),
            offer: wish.offer.map(|offer| TakenOfferOut {
                id: wire(Kind::Offer, offer.id.as_i64()),
                name: offer.name,
                price: offer.price.minor,
            }),
            customer: wish.customer.map(|id| wire(Kind::Customer, id.as_i64())),
            name,
            email,
            phone,
            document,
            description: wish.description,
            metadata: RawValue::from_string(wish.metadata).unwrap_or_default(),
            payment: checkout.payment.map(|id| wire(Kind::Payment, id.as_i64())),
            created: checkout.created.into(),
            updated: checkout.updated.into(),
            expires: checkout.expires.map(Timestamp::from),
            ended: checkout.ended.map(Timestamp::from),
        }
    }
}

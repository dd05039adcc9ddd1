//! What a payment is made for: a checkout or an offer, and one of the merchant's customers. Both are copied into it as they
//! are at that moment.

use posthorn_core::checkout::{Checkout, Payer};
use posthorn_core::contract::Kind;
use posthorn_core::event::Mode;
use posthorn_core::id::{CheckoutId, CustomerId, MerchantId, OfferId};
use posthorn_core::money::Money;
use posthorn_core::payment::{Customer, Method, Payment, Sale, Wish};
use posthorn_core::shop;

use super::PaymentDraft;
use crate::Engine;
use crate::caller::Caller;
use crate::error::EngineError;
use crate::settings::refuse;
use crate::shared::Shared;

/// What a payment is to be made for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Buying {
    /// A checkout.
    pub checkout: Option<CheckoutId>,
    /// An offer, without a checkout.
    pub offer: Option<OfferId>,
    /// Which of the merchant's customers pays.
    pub customer: Option<CustomerId>,
}

/// What comes of it for the payment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    /// The checkout that it belongs to.
    pub checkout: Option<CheckoutId>,
    /// How much it is, where that is agreed.
    pub money: Option<Money>,
    /// What is on sale, and to whom.
    pub sale: Option<Sale>,
    /// Who pays.
    pub customer: Option<Customer>,
    /// What the payer reads, unless the payment says otherwise.
    pub description: Option<String>,
    /// The merchant's notes, unless the payment has its own.
    pub metadata: Option<String>,
}

impl Engine {
    /// The terms of a payment that is made for something. Whether it can be paid is decided when the payment is made.
    pub async fn terms(
        &self,
        place: (MerchantId, Mode),
        buying: Buying,
    ) -> Result<Terms, EngineError> {
        let mut terms = match (buying.checkout, buying.offer) {
            (None, None) => Terms::default(),
            (Some(_), Some(_)) => {
                let what = "a checkout has its own; leave it out".to_owned();
                return refuse("offer", what);
            }
            (Some(checkout), None) => self.shared.terms_of_checkout(place, checkout).await?,
            (None, Some(offer)) => {
                let (offer, product) = self.shared.offered(place, offer).await?;
                let description = Some(offer.name.clone());
                let money = Some(offer.price);
                let sale = Sale {
                    checkout: None,
                    product: Some(product.sold()),
                    offer: Some(offer.taken()),
                };
                Terms { money, sale: Some(sale), description, ..Terms::default() }
            }
        };
        if let Some(customer) = buying.customer {
            let (customer, _) = self.shared.thing(place, customer.as_i64()).await?;
            terms.customer = Some(self.shared.payer(&customer)?);
        }
        Ok(terms)
    }
}

impl Engine {
    /// A payer who has a checkout's link fills its page in and pays by PIX. What is known of the payer stays as it was.
    pub async fn pay_checkout_by_pix(
        &self,
        checkout: &Checkout,
        filled: Payer,
    ) -> Result<Payment, EngineError> {
        let (place, id) = ((checkout.merchant, checkout.mode), checkout.id);
        let fill = move |payer: &mut Payer| {
            *payer = std::mem::take(payer).or(filled.clone());
        };
        self.fill_checkout(place, id, fill).await?;
        let terms = self.shared.terms_of_checkout(place, id).await?;
        let provider = self.usual_provider(place.0, Method::Pix.name(), checkout.money.asset);
        let nobody = || EngineError::Conflict { what: "nobody here takes PIX".to_owned() };
        let wish = Wish {
            method: Method::Pix,
            provider: provider.ok_or_else(nobody)?,
            hold: false,
            fee: 0,
            reference: None,
            description: terms.description,
            customer: terms.customer,
            metadata: terms.metadata.unwrap_or_else(|| "{}".to_owned()),
            callback: None,
            expires: self.payment_expires(place, Method::Pix.name(), None),
            installments: 1,
            checkout: terms.checkout,
            sale: terms.sale,
        };
        let draft = PaymentDraft { money: checkout.money, wish, legs: Vec::new(), card: None };
        // Without an idempotency key nobody asks who called.
        let opened = self.create_payment(Caller::Operator, place, draft, None).await?;
        Ok(opened.payment)
    }
}

impl Shared {
    /// An offer and its product.
    pub(super) async fn offered(
        &self,
        place: (MerchantId, Mode),
        offer: OfferId,
    ) -> Result<(shop::Offer, shop::Product), EngineError> {
        let (offer, _) = self.thing::<shop::Offer>(place, offer.as_i64()).await?;
        let (product, _) = self.thing(place, offer.product.as_i64()).await?;
        Ok((offer, product))
    }

    async fn terms_of_checkout(
        &self,
        place: (MerchantId, Mode),
        id: CheckoutId,
    ) -> Result<Terms, EngineError> {
        let checkout = self.checkout(place, id).await?;
        let contract = self.contract_at(place.0)?;
        let customer = checkout.wish.customer;
        let id = customer.map(|id| contract.wire_id(Kind::Customer, id.as_i64()));
        let sale = checkout.sale();
        let payer = checkout.wish.payer;
        let (name, email, phone) = (payer.name, payer.email, payer.phone);
        let customer = Customer { id, name, email, phone, document: payer.document };
        let sold = sale.offer.as_ref().map(|offer| offer.name.clone());
        Ok(Terms {
            checkout: Some(checkout.id),
            money: Some(checkout.money),
            sale: Some(sale),
            customer: Some(customer).filter(|customer| *customer != Customer::default()),
            description: checkout.wish.description.or(sold),
            metadata: Some(checkout.wish.metadata),
        })
    }

    /// A customer as a payment has it.
    fn payer(&self, customer: &shop::Customer) -> Result<Customer, EngineError> {
        let contract = self.contract_at(customer.entry.merchant)?;
        let shop::Customer { id, name, email, phone, document, .. } = customer.clone();
        let id = Some(contract.wire_id(Kind::Customer, id.as_i64()));
        Ok(Customer { id, name, email, phone, document })
    }
}

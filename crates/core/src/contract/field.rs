//! The holes of `data` templates: a closed set of what can be told of a payment.
//!
//! A hole without a value leaves its member out. [`super::fill`] says where each value comes from.

use super::fault::{Flaw, nearest};

/// What a hole in a template of data stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// What a checkout without a payment has too.
    Common(Common),
    /// The payment, as the merchant wished it and as it stands.
    Payment(About),
    /// Amounts, as numbers.
    Amount(Amount),
    /// Times, RFC 3339 in UTC, whole seconds.
    Time(Time),
    /// What the payer was shown, and what the rail says of the money.
    Rail(Rail),
    /// Who pays.
    Customer(Customer),
    /// What is on sale.
    Sale(Sale),
    /// One leg of a split.
    Leg(Leg),
    /// A payout.
    Payout(Payout),
    /// An order.
    Order(Order),
    /// One item of an order.
    Item(Item),
    /// A product that changed, beside what a sale tells of one.
    Product(Product),
    /// A user.
    User(User),
}

/// What a checkout without a payment has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Common {
    Merchant,
    Currency,
    Description,
}

/// The payment, as the merchant wished it and as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Id,
    Status,
    StatusV2,
    /// The merchant's notes; an empty object when there are none.
    Metadata,
    /// The merchant's notes, when there are some.
    MetadataIfAny,
    Reference,
    Provider,
    ProviderReference,
    ProviderCharge,
    Method,
    Installments,
    CardBrand,
    CardLast4,
    CallbackUrl,
    FailureCode,
    FailureMessage,
    /// `true` when it was paid after it had failed, expired or been canceled.
    Late,
    SplitId,
}

/// Amounts, as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    /// In the contract's units, like all others but the next.
    Whole,
    /// In major units, whatever the contract's are.
    Major,
    /// What went back, once something did.
    Refunded,
    /// What the recipients of a split get together.
    Split,
    /// What the offer costs.
    Offer,
}

/// Times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Created,
    Updated,
    Paid,
    Expires,
    Refunded,
    Canceled,
    Shipped,
    Delivered,
    /// When the last leg of the split was decided.
    Processed,
}

/// What the payer was shown, and what the rail says of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rail {
    Txid,
    QrCode,
    PaymentLink,
    Barcode,
    DigitableLine,
    Due,
    PayAddress,
    DestinationTag,
    /// The transaction that paid, of PIX.
    EndToEnd,
    /// The transaction that paid, of XRP.
    TxHash,
    /// The transaction that paid, of mobile money.
    Receipt,
}

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Customer {
    Id,
    Name,
    Email,
    Phone,
    Document,
}

/// What is on sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sale {
    CheckoutId,
    CheckoutEmail,
    CheckoutPhone,
    CheckoutName,
    ProductId,
    ProductName,
    ProductType,
    OfferId,
    OfferName,
}

/// One leg of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    Id,
    Name,
    Amount,
    Status,
    Transaction,
    FailureCode,
}

/// A payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payout {
    Id,
    Status,
    Destination,
    Provider,
    Reference,
    Metadata,
    /// The provider's id of the money that was sent.
    Transaction,
    FailureCode,
}

/// An order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Id,
    Status,
    Reference,
    Carrier,
    TrackingCode,
    /// Why it was called off.
    CancelReason,
}

/// One item of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    ProductId,
    Name,
    Quantity,
    /// What one costs, in the contract's units.
    Price,
    /// The same in major units.
    PriceMajor,
}

/// A product that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Product {
    Sku,
    Stock,
    Status,
}

/// A user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum User {
    Id,
    Email,
    Name,
}

/// What a list of one object is repeated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Each {
    /// Each leg of a split.
    Leg,
    /// Each item of an order.
    Item,
}

const WORDS: [(&str, Field); 91] = [
    ("$id", Field::Payment(About::Id)),
    ("$merchant", Field::Common(Common::Merchant)),
    ("$status", Field::Payment(About::Status)),
    ("$status_v2", Field::Payment(About::StatusV2)),
    ("$currency", Field::Common(Common::Currency)),
    ("$description", Field::Common(Common::Description)),
    ("$metadata", Field::Payment(About::Metadata)),
    ("$metadata_if_any", Field::Payment(About::MetadataIfAny)),
    ("$reference", Field::Payment(About::Reference)),
    ("$provider", Field::Payment(About::Provider)),
    ("$provider_reference", Field::Payment(About::ProviderReference)),
    ("$provider_charge", Field::Payment(About::ProviderCharge)),
    ("$method", Field::Payment(About::Method)),
    ("$installments", Field::Payment(About::Installments)),
    ("$card_brand", Field::Payment(About::CardBrand)),
    ("$card_last4", Field::Payment(About::CardLast4)),
    ("$callback_url", Field::Payment(About::CallbackUrl)),
    ("$failure_code", Field::Payment(About::FailureCode)),
    ("$failure_message", Field::Payment(About::FailureMessage)),
    ("$late", Field::Payment(About::Late)),
    ("$split_id", Field::Payment(About::SplitId)),
    ("$amount", Field::Amount(Amount::Whole)),
    ("$amount_major", Field::Amount(Amount::Major)),
    ("$amount_refunded", Field::Amount(Amount::Refunded)),
    ("$split_total", Field::Amount(Amount::Split)),
    ("$offer_price", Field::Amount(Amount::Offer)),
    ("$created", Field::Time(Time::Created)),
    ("$updated", Field::Time(Time::Updated)),
    ("$paid", Field::Time(Time::Paid)),
    ("$expires", Field::Time(Time::Expires)),
    ("$refunded", Field::Time(Time::Refunded)),
    ("$canceled", Field::Time(Time::Canceled)),
    ("$shipped", Field::Time(Time::Shipped)),
    ("$delivered", Field::Time(Time::Delivered)),
    ("$processed", Field::Time(Time::Processed)),
    ("$txid", Field::Rail(Rail::Txid)),
    ("$qr_code", Field::Rail(Rail::QrCode)),
    ("$payment_link", Field::Rail(Rail::PaymentLink)),
    ("$barcode", Field::Rail(Rail::Barcode)),
    ("$digitable_line", Field::Rail(Rail::DigitableLine)),
    ("$due", Field::Rail(Rail::Due)),
    ("$pay_address", Field::Rail(Rail::PayAddress)),
    ("$destination_tag", Field::Rail(Rail::DestinationTag)),
    ("$end_to_end_id", Field::Rail(Rail::EndToEnd)),
    ("$tx_hash", Field::Rail(Rail::TxHash)),
    ("$receipt", Field::Rail(Rail::Receipt)),
    ("$customer_id", Field::Customer(Customer::Id)),
    ("$customer_name", Field::Customer(Customer::Name)),
    ("$customer_email", Field::Customer(Customer::Email)),
    ("$customer_phone", Field::Customer(Customer::Phone)),
    ("$customer_document", Field::Customer(Customer::Document)),
    ("$checkout_id", Field::Sale(Sale::CheckoutId)),
    ("$checkout_email", Field::Sale(Sale::CheckoutEmail)),
    ("$checkout_phone", Field::Sale(Sale::CheckoutPhone)),
    ("$checkout_name", Field::Sale(Sale::CheckoutName)),
    ("$product_id", Field::Sale(Sale::ProductId)),
    ("$product_name", Field::Sale(Sale::ProductName)),
    ("$product_type", Field::Sale(Sale::ProductType)),
    ("$offer_id", Field::Sale(Sale::OfferId)),
    ("$offer_name", Field::Sale(Sale::OfferName)),
    ("$leg.id", Field::Leg(Leg::Id)),
    ("$leg.name", Field::Leg(Leg::Name)),
    ("$leg.amount", Field::Leg(Leg::Amount)),
    ("$leg.status", Field::Leg(Leg::Status)),
    ("$leg.transaction", Field::Leg(Leg::Transaction)),
    ("$leg.failure_code", Field::Leg(Leg::FailureCode)),
    ("$payout_id", Field::Payout(Payout::Id)),
    ("$payout_status", Field::Payout(Payout::Status)),
    ("$payout_destination", Field::Payout(Payout::Destination)),
    ("$payout_provider", Field::Payout(Payout::Provider)),
    ("$payout_reference", Field::Payout(Payout::Reference)),
    ("$payout_metadata", Field::Payout(Payout::Metadata)),
    ("$payout_transaction", Field::Payout(Payout::Transaction)),
    ("$payout_failure_code", Field::Payout(Payout::FailureCode)),
    ("$order_id", Field::Order(Order::Id)),
    ("$order_status", Field::Order(Order::Status)),
    ("$order_reference", Field::Order(Order::Reference)),
    ("$carrier", Field::Order(Order::Carrier)),
    ("$tracking_code", Field::Order(Order::TrackingCode)),
    ("$cancel_reason", Field::Order(Order::CancelReason)),
    ("$item.product_id", Field::Item(Item::ProductId)),
    ("$item.name", Field::Item(Item::Name)),
    ("$item.quantity", Field::Item(Item::Quantity)),
    ("$item.price", Field::Item(Item::Price)),
    ("$item.price_major", Field::Item(Item::PriceMajor)),
    ("$product_sku", Field::Product(Product::Sku)),
    ("$product_stock", Field::Product(Product::Stock)),
    ("$product_status", Field::Product(Product::Status)),
    ("$user_id", Field::User(User::Id)),
    ("$user_email", Field::User(User::Email)),
    ("$user_name", Field::User(User::Name)),
];

impl Field {
    /// What it is one of many of.
    pub(super) const fn each(self) -> Option<Each> {
        match self {
            Self::Leg(_) => Some(Each::Leg),
            Self::Item(_) => Some(Each::Item),
            Self::Common(_)
            | Self::Payment(_)
            | Self::Amount(_)
            | Self::Time(_)
            | Self::Rail(_)
            | Self::Customer(_)
            | Self::Sale(_)
            | Self::Payout(_)
            | Self::Order(_)
            | Self::Product(_)
            | Self::User(_) => None,
        }
    }

    /// The hole that a string is; `None` when it has nothing of a hole.
    pub(super) fn of(text: &str) -> Option<Result<Self, Flaw>> {
        let dollar = text.find('$').filter(|at| {
            text.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()))
        })?;
        if dollar > 0 {
            let flaw = Flaw::new(0, format!("`{text}` mixes text with a hole"));
            return Some(Err(flaw.hint("a hole is the whole of a string")));
        }
        let word = WORDS.into_iter().find(|(word, _)| *word == text);
        Some(word.map(|(_, field)| field).ok_or_else(|| {
            let near = nearest(text, WORDS.iter().map(|(word, _)| *word));
            let hint = near.map_or_else(
                || format!("the holes of data are {}", WORDS.map(|(word, _)| word).join(" ")),
                |near| format!("did you mean `{near}`?"),
            );
            Flaw::new(0, format!("unknown hole `{text}`")).hint(hint)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = include_str!("../../../../docs/contracts.md");

    #[test]
    fn every_hole_is_explained_and_nothing_else_is() {
        for (word, _) in WORDS {
            assert!(PAGE.contains(&format!("`{word}`")), "docs/contracts.md has no `{word}`");
        }
        let quoted = PAGE.split('`').filter(|text| text.starts_with('$'));
        let unknown: Vec<_> =
            quoted.filter(|text| !matches!(Field::of(text), Some(Ok(_)))).collect();
        assert_eq!(unknown, ["$leg.…", "$item.…"]);
    }

    #[test]
    fn a_dollar_before_a_digit_is_text() {
        assert!(Field::of("US$ 100").is_none());
        assert!(Field::of("$5").is_none());
        assert!(matches!(Field::of("$amount"), Some(Ok(Field::Amount(Amount::Whole)))));
    }
}

//! A contract's catalogue: the events a platform has promised, and when they happen.

use super::fault::{Flaw, Page, nearest, offset};
use super::read::{Section, Text};
use crate::event::EventType;
use crate::json::{self, Style};

/// One event of a contract's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEvent {
    /// Its type, in the contract's own words.
    pub kind: EventType,
    /// What it means, in the language of the platform's guide.
    pub description: String,
    /// The transitions that it stands for; empty when only a caller can make it.
    pub on: Vec<Transition>,
    /// Data for tests and documentation: a JSON object as `JSON.stringify` prints it.
    pub sample: Vec<u8>,
}

macro_rules! transitions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What can happen to the things Posthorn keeps, in its own words, whatever a contract
        /// calls it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Transition { $($(#[$doc])* $variant,)* }

        impl Transition {
            /// Every transition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// As contracts write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

transitions! {
    /// A payment was made, before its payer has been shown anything.
    PaymentCreated = "payment.created",
    /// Its instrument (PIX, boleto, STK push, XRP address) was shown to the payer.
    PaymentPending = "payment.pending",
    /// Money was seen that does not count yet (an XRP transaction before validation).
    PaymentSeen = "payment.seen",
    /// A provider is looking at it.
    PaymentProcessing = "payment.processing",
    /// The payer must do something (3DS).
    PaymentRequiresAction = "payment.requires_action",
    /// Money is reserved and waits for its capture.
    PaymentAuthorized = "payment.authorized",
    /// It was paid.
    PaymentSucceeded = "payment.succeeded",
    /// It was declined, or a provider gave it up for good.
    PaymentFailed = "payment.failed",
    /// The merchant or the payer called it off.
    PaymentCanceled = "payment.canceled",
    /// Nobody paid in time.
    PaymentExpired = "payment.expired",
    /// A part of it went back.
    PaymentPartiallyRefunded = "payment.partially_refunded",
    /// All of it went back.
    PaymentRefunded = "payment.refunded",
    /// The payer's bank took it back, or asks to.
    PaymentDisputed = "payment.disputed",
    /// An order was made.
    OrderCreated = "order.created",
    /// An order was sent.
    OrderShipped = "order.shipped",
    /// An order arrived.
    OrderDelivered = "order.delivered",
    /// An order was called off.
    OrderCanceled = "order.canceled",
    /// A checkout ended in a payment.
    CheckoutCompleted = "checkout.completed",
    /// A checkout was left alone for too long.
    CheckoutAbandoned = "checkout.abandoned",
    /// Every leg of a split was paid.
    SplitProcessed = "split.processed",
    /// A leg of a split failed.
    SplitFailed = "split.failed",
    /// A payout was made.
    PayoutCreated = "payout.created",
    /// A payout arrived.
    PayoutCompleted = "payout.completed",
    /// A payout failed.
    PayoutFailed = "payout.failed",
    /// A product changed.
    ProductUpdated = "product.updated",
    /// A user registered.
    UserCreated = "user.created",
    /// A user's details changed.
    UserUpdated = "user.updated",
}

const FIELDS: [&str; 4] = ["type", "description", "on", "sample"];

/// Reads every `[[event]]`.
pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Vec<CatalogueEvent> {
    let mut events: Vec<CatalogueEvent> = Vec::new();
    if !root.has("event") {
        root.miss(page, "event");
    }
    for table in root.tables(page, "event") {
        let section = Section::open(page, "[[event]]", table, &FIELDS);
        let Some(event) = read_one(page, &section) else { continue };
        if events.iter().any(|other| other.kind == event.kind) {
            let what = format!("event `{}` stands in the catalogue twice", event.kind);
            page.note(Flaw::new(section.span.start, what).hint("remove one of them"));
        }
        events.push(event);
    }
    events
}

fn read_one(page: &mut Page<'_>, section: &Section<'_>) -> Option<CatalogueEvent> {
    let kind = section.need_text(page, "type").and_then(|text| {
        let kind = text.value.parse::<EventType>();
        kind.map_err(|bad| page.note(Flaw::new(text.span.start, bad.to_string()))).ok()
    });
    let description = section.need_text(page, "description");
    let on = section.texts(page, "on");
    let on = on.iter().filter_map(|text| read_transition(page, text)).collect();
    let sample = section.need_text(page, "sample");
    let sample = sample.and_then(|text| read_object(page, &text, "sample"));
    Some(CatalogueEvent {
        kind: kind?,
        description: description?.value.to_owned(),
        on,
        sample: sample?,
    })
}

fn read_transition(page: &mut Page<'_>, text: &Text<'_>) -> Option<Transition> {
    let found = Transition::ALL.iter().find(|transition| transition.name() == text.value);
    if found.is_none() {
        let names = Transition::ALL.iter().map(|transition| transition.name());
        let flaw = Flaw::new(text.span.start, format!("unknown transition `{}`", text.value));
        page.note(
            flaw.maybe_hint(
                nearest(text.value, names).map(|near| format!("did you mean `{near}`?")),
            ),
        );
    }
    found.copied()
}

/// A JSON object of the file, in canonical bytes.
pub(super) fn read_object(page: &mut Page<'_>, text: &Text<'_>, name: &str) -> Option<Vec<u8>> {
    let flaw = match json::parse(text.value.as_bytes()) {
        Ok(value) if value.as_object().is_some() => return Some(value.to_vec(Style::Js)),
        Ok(value) => Flaw::new(0, format!("`{name}` is {}, not a JSON object", value.kind())),
        Err(malformed) => {
            let what = format!("`{name}` is not valid JSON: {}", malformed.fault);
            Flaw::new(offset(text.value, malformed.line, malformed.column), what)
        }
    };
    page.blame(text.span.clone(), text.value, flaw);
    None
}

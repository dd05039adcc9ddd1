//! Providers, by a platform's own words for them, what its sandbox does by itself, and how long its checkouts wait.

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use super::Contract;
use super::fault::{Flaw, Page, nearest};
use super::file::read_duration;
use super::read::Section;
use super::signature::read_template;
use super::template::{Filling, Hole, Template};
use crate::checkout::Waits;
use crate::money::{AMOUNT_MAX, Asset, Money};
use crate::payment::{Method, Payment};

/// What carries the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rail {
    /// Cards.
    Cards,
    /// PIX.
    Pix,
    /// Boletos.
    Boleto,
    /// M-Pesa.
    Mpesa,
    /// Bank transfers.
    Bank,
    /// The XRP Ledger.
    Xrpl,
}

impl Rail {
    /// Every rail.
    pub const ALL: [Self; 6] =
        [Self::Cards, Self::Pix, Self::Boleto, Self::Mpesa, Self::Bank, Self::Xrpl];

    /// As contracts write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cards => "cards",
            Self::Pix => "pix",
            Self::Boleto => "boleto",
            Self::Mpesa => "mpesa",
            Self::Bank => "bank",
            Self::Xrpl => "xrpl",
        }
    }

    /// The canonical name of the way to pay that it carries.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Cards => "card",
            Self::Pix => "pix",
            Self::Boleto => "boleto",
            Self::Mpesa => "mobile_money",
            Self::Bank => "bank_transfer",
            Self::Xrpl => "xrp",
        }
    }
}

impl Rail {
    /// Whether money can be sent through it, to somebody who did not pay.
    #[must_use]
    pub const fn pays_out(self) -> bool {
        match self {
            Self::Pix | Self::Mpesa | Self::Bank | Self::Xrpl => true,
            Self::Cards | Self::Boleto => false,
        }
    }
}

/// A provider that a contract names.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// The contract's own word for it: `MPESA_SAFARICOM`, `stripe`.
    pub name: String,
    /// What carries its money.
    pub rails: Vec<Rail>,
    /// How it can be paid through: canonical names.
    pub methods: Vec<&'static str>,
    /// In what.
    pub assets: Vec<Asset>,
    /// The least and the most of one payment, in minor units.
    pub minor: std::ops::RangeInclusive<i64>,
    /// The ways to pay that move whole major units only: canonical names.
    pub whole: Vec<&'static str>,
    /// Whether it is taken before the others where a merchant names none.
    pub default: bool,
    reference: Option<Template>,
}

/// Why a provider does not take a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It has no such way to pay.
    #[error("it cannot be paid through that way")]
    Method,
    /// It does not deal in that.
    #[error("it does not deal in {asset}")]
    Asset {
        /// In what.
        asset: Asset,
    },
    /// Less than it moves.
    #[error("it moves {least} at least")]
    TooLittle {
        /// The least.
        least: Money,
    },
    /// More than it moves.
    #[error("it moves {most} at most")]
    TooMuch {
        /// The most.
        most: Money,
    },
    /// It moves no fractions.
    #[error("it moves whole units only, no fractions of one")]
    Fraction,
}

impl Provider {
    /// Whether it takes such a payment; `method` is a canonical name ([`Method::name`]).
    pub fn takes(&self, method: &str, money: Money) -> Result<(), NotTaken> {
        let Money { minor, asset } = money;
        if !self.methods.contains(&method) {
            return Err(NotTaken::Method);
        }
        if !self.assets.contains(&asset) {
            return Err(NotTaken::Asset { asset });
        }
        if minor < *self.minor.start() {
            return Err(NotTaken::TooLittle { least: money.with(*self.minor.start()) });
        }
        if minor > *self.minor.end() {
            return Err(NotTaken::TooMuch { most: money.with(*self.minor.end()) });
        }
        let fraction = minor % 10_i64.pow(u32::from(asset.exponent())) != 0;
        if fraction && self.whole.contains(&method) { Err(NotTaken::Fraction) } else { Ok(()) }
    }

    /// What carries a way to pay, by its canonical name.
    #[must_use]
    pub fn rail(&self, method: &str) -> Option<Rail> {
        self.rails.iter().find(|rail| rail.method() == method).copied()
    }

    /// What the payment is called towards it, the same from its creation on; `None` where the contract gives no form. The
    /// day is that of the payment's creation, in UTC, and its digits are no other payment's.
    #[must_use]
    pub fn reference(&self, payment: &Payment) -> Option<String> {
        let template = self.reference.as_ref()?;
        let day = payment.created.to_zoned(TimeZone::UTC).date();
        let date = format!("{:04}{:02}{:02}", day.year(), day.month(), day.day());
        // The low ten bits of a payment's id are nothing: they number its requests.
        let digits = (payment.id.as_i64() >> 10).to_string();
        Some(template.fill(Filling { date: &date, digits: &digits, ..Filling::default() }))
    }
}

/// What a platform's sandbox does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sandbox {
    /// After what time a PIX charge is paid, without anybody paying it; `None`: never.
    pub pix_confirms_after: Option<SignedDuration>,
    /// After what time a card's charge is decided, pending until then; `None`: at once.
    pub cards_decide_after: Option<SignedDuration>,
    /// After what time an unpaid payment expires, where its merchant says nothing; `None`: by the method's own rules.
    pub payment_expires_after: Option<SignedDuration>,
    /// The same of a PIX charge alone, where it has a time of its own.
    pub pix_expires_after: Option<SignedDuration>,
    /// Whether a card's provider looks at it (*processing*) until it is decided; else it waits (*pending*).
    pub cards_reviewed: bool,
}

impl Sandbox {
    /// After what time an unpaid payment by a method expires, where its merchant says nothing.
    #[must_use]
    pub fn expires_after(&self, method: &str) -> Option<SignedDuration> {
        let own = (method == Method::Pix.name()).then_some(self.pix_expires_after).flatten();
        own.or(self.payment_expires_after)
    }
}

impl Provider {
    /// Whether payouts in an asset can go through it.
    #[must_use]
    pub fn sends(&self, asset: Asset) -> bool {
        self.assets.contains(&asset) && self.rails.iter().any(|rail| rail.pays_out())
    }
}

impl Contract {
    /// The provider that it calls so.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// The provider that sends payouts where a merchant names none: the default one if it can, else the first that can.
    #[must_use]
    pub fn default_sender(&self, asset: Asset) -> Option<&Provider> {
        let mut able = self.providers.iter().filter(|provider| provider.sends(asset));
        able.clone().find(|provider| provider.default).or_else(|| able.next())
    }

    /// The provider that is taken where a merchant names none: the default one if it can be paid through so, else the first
    /// that can. `method` is a canonical name.
    #[must_use]
    pub fn default_provider(&self, method: &str, asset: Asset) -> Option<&Provider> {
        let can = |provider: &&Provider| {
            provider.methods.contains(&method) && provider.assets.contains(&asset)
        };
        let mut able = self.providers.iter().filter(can);
        able.clone().find(|provider| provider.default).or_else(|| able.next())
    }
}

// === reading ===

const FIELDS: [&str; 9] = [
    "name",
    "rails",
    "methods",
    "assets",
    "minor_min",
    "minor_max",
    "whole",
    "reference",
    "default",
];
/// The longest time that a sandbox may wait.
const SANDBOX_WAIT_MAX: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest time that a checkout may wait for its payer.
pub const CHECKOUT_WAIT_MAX: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Reads every `[[provider]]`.
pub(super) fn read(page: &mut Page<'_>, root: &Section<'_>) -> Vec<Provider> {
    let mut providers: Vec<Provider> = Vec::new();
    for table in root.tables(page, "provider") {
        let section = Section::open(page, "[[provider]]", table, &FIELDS);
        let Some(provider) = read_one(page, &section) else { continue };
        let at = section.span.start;
        if providers.iter().any(|other| other.name == provider.name) {
            let what = format!("provider `{}` stands in the contract twice", provider.name);
            page.note(Flaw::new(at, what).hint("remove one of them"));
        }
        if provider.default && providers.iter().any(|other| other.default) {
            let flaw = Flaw::new(at, "two providers are the default one");
            page.note(flaw.hint("one is taken where a merchant names none"));
        }
        providers.push(provider);
    }
    providers
}

fn read_one(page: &mut Page<'_>, section: &Section<'_>) -> Option<Provider> {
    let name = section.need_text(page, "name")?;
    if name.value.is_empty() || !name.value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let what = format!("`{}` is no provider's name", name.value);
        page.note(Flaw::new(name.span.start, what).hint("use visible ASCII without spaces"));
    }
    let rails = chosen(page, section, "rails", &Rail::ALL.map(|rail| (rail.name(), rail)));
    let methods = chosen(page, section, "methods", &Method::NAMES.map(|name| (name, name)));
    let whole = chosen(page, section, "whole", &Method::NAMES.map(|name| (name, name)));
    for key in ["rails", "methods", "assets"] {
        if !section.has(key) {
            section.miss(page, key);
        }
    }
    let carried = |method: &&str| rails.iter().any(|rail| rail.method() == *method);
    if let Some(method) = methods.iter().find(|method| !carried(method)) {
        let what = format!("no rail of provider `{}` carries `{method}`", name.value);
        let carries = Rail::ALL.iter().find(|rail| rail.method() == *method);
        let hint = carries.map(|rail| format!("add \"{}\" to `rails`", rail.name()));
        page.note(Flaw::new(section.span.start, what).maybe_hint(hint));
    }
    let mut assets = Vec::new();
    for text in section.texts(page, "assets") {
        match text.value.parse::<Asset>() {
            Ok(asset) => assets.push(asset),
            Err(unknown) => page.note(Flaw::new(text.span.start, unknown.to_string())),
        }
    }
    let least = section.number(page, "minor_min", 1..=AMOUNT_MAX).unwrap_or(1);
    let most = section.number(page, "minor_max", least..=AMOUNT_MAX).unwrap_or(AMOUNT_MAX);
    let default = section.flag(page, "default");
    let reference = read_reference(page, section);
    let (name, minor) = (name.value.to_owned(), least..=most);
    Some(Provider { name, rails, methods, assets, minor, whole, default, reference })
}

fn read_reference(page: &mut Page<'_>, section: &Section<'_>) -> Option<Template> {
    let text = section.text(page, "reference")?;
    let template = read_template(page, &text, Hole::REFERENCE)?;
    if !template.has(Hole::Digits) {
        let flaw = Flaw::new(0, "the reference has no `{digits}`");
        page.blame(text.span, text.value, flaw.hint("two payments would share it"));
    }
    Some(template)
}

/// The values that a list of strings names, all of a closed set.
fn chosen<T: Copy>(
    page: &mut Page<'_>,
    section: &Section<'_>,
    key: &str,
    names: &[(&'static str, T)],
) -> Vec<T> {
    let mut chosen = Vec::new();
    for text in section.texts(page, key) {
        if let Some((_, value)) = names.iter().find(|(name, _)| *name == text.value) {
            chosen.push(*value);
            continue;
        }
        let hint = nearest(text.value, names.iter().map(|(name, _)| *name)).map_or_else(
            || {
                let all: Vec<_> = names.iter().map(|(name, _)| *name).collect();
                format!("there are {}", all.join(", "))
            },
            |near| format!("did you mean `{near}`?"),
        );
        let what = format!("unknown name `{}` in `{key}`", text.value);
        page.note(Flaw::new(text.span.start, what).hint(hint));
    }
    chosen
}

/// Reads `[sandbox]`, which may be left out.
pub(super) fn read_sandbox(page: &mut Page<'_>, root: &Section<'_>) -> Sandbox {
    let Some(table) = root.table(page, "sandbox") else { return Sandbox::default() };
    let times =
        ["pix_confirms_after", "cards_decide_after", "payment_expires_after", "pix_expires_after"];
    let fields = [&times[..], &["cards_reviewed"]].concat();
    let section = Section::open(page, "[sandbox]", table, &fields);
    let after = |key| {
        let text = section.text(page, key)?;
        read_duration(page, &text, SANDBOX_WAIT_MAX)
    };
    let [pix_confirms_after, cards_decide_after, payment_expires_after, pix_expires_after] =
        times.map(after);
    Sandbox {
        pix_confirms_after,
        cards_decide_after,
        payment_expires_after,
        pix_expires_after,
        cards_reviewed: section.flag(page, "cards_reviewed"),
    }
}

/// Reads `[checkout]`, which may be left out.
pub(super) fn read_checkout(page: &mut Page<'_>, root: &Section<'_>) -> Waits {
    let Some(table) = root.table(page, "checkout") else { return Waits::default() };
    let fields = ["abandoned_after", "expires_after", "announces_payment"];
    let section = Section::open(page, "[checkout]", table, &fields);
    let mut after = |key| {
        let text = section.text(page, key)?;
        read_duration(page, &text, CHECKOUT_WAIT_MAX)
    };
    let (abandoned_after, expires_after) = (after("abandoned_after"), after("expires_after"));
    let announces = section.flag(page, "announces_payment");
    Waits { abandoned_after, expires_after, announces }
}

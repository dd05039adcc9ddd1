//! What merchants ask for: every way to pay that a contract has, with the test cards and telephones of the guides.

use jiff::Timestamp;
use posthorn_core::contract::Contract;
use posthorn_core::money::{Asset, Money};
use posthorn_core::payment::{Method, NewLeg, Share, Wish};
use posthorn_core::payout;
use posthorn_engine::{CardGiven, PayerCard, PaymentDraft, PayoutDraft};

use crate::chance::Chance;

/// Approved, declined, disputed after a while, asked for its holder.
const CARDS: [&str; 6] = [
    "4242424242424242",
    "4111111111111111",
    "4000000000000002",
    "4000000000009995",
    "4000000000000259",
    "4000002500003155",
];
/// Pays, has no money, is never reached, pays too late.
const PHONES: [&str; 5] =
    ["254712345678", "254733000111", "254700000000", "254711111111", "254722222222"];
const DESTINATIONS: [&str; 4] =
    ["254712345678", "conta-que-falha", "254700000000", "merchant@example.com"];

/// A way to pay that a contract has.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) provider: String,
    pub(crate) method: &'static str,
    asset: Asset,
    least: i64,
    most: i64,
    whole: bool,
}

/// Every one of them.
pub(crate) fn ways(contract: &Contract) -> Vec<Way> {
    let mut ways = Vec::new();
    for provider in &contract.providers {
        for method in &provider.methods {
            let fits = |asset: &&Asset| match *method {
                "pix" | "boleto" => **asset == Asset::BRL,
                "xrp" => **asset == Asset::XRP,
                "mobile_money" | "bank_transfer" => **asset == Asset::KES,
                _ => [Asset::BRL, Asset::USD, Asset::KES].contains(asset),
            };
            for asset in provider.assets.iter().filter(fits) {
                ways.push(Way {
                    provider: provider.name.clone(),
                    method,
                    asset: *asset,
                    least: *provider.minor.start(),
                    most: *provider.minor.end(),
                    whole: provider.whole.contains(method) || *method == "mobile_money",
                });
            }
        }
    }
    ways
}

/// A payment to make, as often as somebody likes.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) way: Way,
    pub(crate) money: Money,
    payer: usize,
    hold: bool,
    fee: i64,
    legs: Vec<NewLeg>,
    pub(crate) reference: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) lasts_s: Option<i64>,
}

fn amount(way: &Way, chance: &mut Chance) -> Money {
    let most = way.most.min(way.least.saturating_add(50_000));
    let span = u64::try_from(most - way.least + 1).unwrap();
    let minor = way.least + i64::try_from(chance.below(span)).unwrap();
    let unit = 10_i64.pow(u32::from(way.asset.exponent()));
    let minor = if way.whole { minor.max(unit) / unit * unit } else { minor };
    Money { minor, asset: way.asset }
}

fn legs(chance: &mut Chance) -> Vec<NewLeg> {
    let leg = |name: &str, to: &str, share| NewLeg { name: name.into(), to: to.into(), share };
    let parts = i64::try_from(chance.between(1_000, 9_000)).unwrap();
    let to = if chance.percent(25) { "falha@example.com" } else { "loja@example.com" };
    let mut legs = vec![leg("loja", to, Share::Parts(parts))];
    if chance.percent(60) {
        let share = if chance.percent(50) { Share::Remainder } else { Share::Parts(1_000) };
        legs.push(leg("parceiro", "parceiro@example.com", share));
    }
    legs
}

impl Order {
    pub(crate) fn draw(ways: &[Way], chance: &mut Chance) -> Self {
        let way = chance.pick(ways).clone();
        let money = amount(&way, chance);
        let named = |chance: &mut Chance, percent, name: &str| {
            chance.percent(percent).then(|| format!("{name}{}", chance.below(3)))
        };
        let shared = chance.percent(25) && money.minor >= 1_000;
        let fee = if chance.percent(30) { money.minor / 20 } else { 0 };
        Self {
            hold: way.method == "card" && chance.percent(35),
            payer: usize::try_from(chance.below(30)).unwrap(),
            fee: if shared { 0 } else { fee },
            legs: if shared { legs(chance) } else { Vec::new() },
            reference: named(chance, 40, "pedido-"),
            key: named(chance, 35, "key-"),
            lasts_s: chance.percent(30).then(|| i64::try_from(chance.between(5, 4_000)).unwrap()),
            way,
            money,
        }
    }

    /// The same once more; or, by mistake, with another amount or another provider.
    pub(crate) fn again(&self, ways: &[Way], chance: &mut Chance) -> Self {
        let mut again = self.clone();
        match chance.below(5) {
            0 => again.money = amount(&again.way, chance),
            1 => {
                again.way = chance.pick(ways).clone();
                again.money = amount(&again.way, chance);
                again.hold &= again.way.method == "card";
            }
            2 => again.key = None,
            _ => {}
        }
        if again.money.minor < 1_000 {
            again.legs.clear();
        }
        again.fee = again.fee.min(again.money.minor / 20);
        again
    }

    /// What makes the same request the same.
    pub(crate) fn fingerprint(&self) -> String {
        format!("{self:?}")
    }

    fn method(&self) -> (Method, Option<PayerCard>) {
        let phone = || PHONES[self.payer % PHONES.len()].to_owned();
        match self.way.method {
            "card" => {
                let number = CARDS[self.payer % CARDS.len()];
                let card = PayerCard::read(number, (12, 2030), Some("123")).unwrap();
                (Method::Card(card.facts()), Some(card))
            }
            "pix" => (Method::Pix, None),
            "boleto" => (Method::Boleto, None),
            "mobile_money" => (Method::MobileMoney { phone: phone() }, None),
            "bank_transfer" => (Method::BankTransfer { account: None, bank: None }, None),
            "xrp" => (Method::Xrp, None),
            other => panic!("`{other}` is a way to pay that this test does not know"),
        }
    }

    pub(crate) fn draft(&self, expires: Option<Timestamp>) -> PaymentDraft {
        let (method, card) = self.method();
        let wish = Wish {
            method,
            provider: self.way.provider.clone(),
            hold: self.hold,
            fee: self.fee,
            reference: self.reference.clone(),
            description: None,
            customer: None,
            metadata: metadata(self.key.as_deref()),
            callback: None,
            expires,
            installments: 1,
            checkout: None,
            sale: None,
        };
        let card = card.map(CardGiven::Typed);
        PaymentDraft { money: self.money, wish, legs: self.legs.clone(), card }
    }
}

/// Notes by which the judge finds what was made under a key.
fn metadata(key: Option<&str>) -> String {
    key.map_or_else(|| "{}".to_owned(), |key| format!("{{\"key\":\"{key}\"}}"))
}

/// A payout to make; how much is a part of what is there, in hundredths.
#[derive(Debug, Clone)]
pub(crate) struct Payoff {
    way: Way,
    pub(crate) percent: i64,
    destination: &'static str,
    reference: Option<String>,
    pub(crate) key: Option<String>,
}

impl Payoff {
    pub(crate) fn draw(ways: &[Way], chance: &mut Chance) -> Self {
        Self {
            way: chance.pick(ways).clone(),
            percent: *chance.pick(&[10, 40, 50, 100, 100, 130]),
            destination: DESTINATIONS[usize::try_from(chance.below(4)).unwrap()],
            reference: chance.percent(30).then(|| format!("saque-{}", chance.below(2))),
            key: chance.percent(30).then(|| format!("payout-{}", chance.below(2))),
        }
    }

    pub(crate) fn asset(&self) -> Asset {
        self.way.asset
    }

    pub(crate) fn draft(&self, minor: i64) -> PayoutDraft {
        let unit = 10_i64.pow(u32::from(self.way.asset.exponent()));
        let minor = if self.way.whole && minor >= unit { minor / unit * unit } else { minor };
        let wish = payout::Wish {
            destination: self.destination.to_owned(),
            provider: self.way.provider.clone(),
            reference: self.reference.clone(),
            description: None,
            metadata: metadata(self.key.as_deref()),
            callback: None,
        };
        let money = Money { minor: minor.max(1), asset: self.way.asset };
        PayoutDraft { money, wish }
    }
}

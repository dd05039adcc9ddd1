//! Taking money from a payer: each rail shows its own way to pay.

use jiff::Timestamp;
use posthorn_core::payment::{Method, Refusal};

use super::book::{Book, Standing};
use super::{Asked, Card, Rail, Setting, bank, boleto, cards, limits, mpesa, pix, refusal, xrpl};

/// What a charge is asked with.
pub(super) struct Charging<'a> {
    pub(super) setting: &'a Setting,
    pub(super) method: &'a Method,
    pub(super) card: Option<&'a Card>,
    pub(super) hold: bool,
    pub(super) expires: Option<Timestamp>,
}

pub(super) fn ask(own: Book, charging: &Charging<'_>, now: Timestamp) -> Asked {
    let mut own = match show(own.clone(), charging, now) {
        Ok(shown) => shown,
        Err(refusal) => own.stand(Standing::Refused { refusal }),
    };
    let is_shown = !matches!(own.standing, Standing::Refused { .. });
    if let Some(charge) = own.charge_mut() {
        charge.shown = is_shown;
    }
    Asked { news: own.news(), books: vec![own] }
}

fn show(book: Book, charging: &Charging<'_>, now: Timestamp) -> Result<Book, Refusal> {
    let rail = book.rail;
    if Rail::of(charging.method) != rail {
        return Err(refusal("method_not_supported", "the provider does not take this method"));
    }
    if charging.hold && rail != Rail::Cards {
        return Err(refusal("hold_not_supported", "only cards reserve money"));
    }
    limits::allow(rail, book.money)?;
    match rail {
        Rail::Cards => cards::show(book, charging, now),
        Rail::Pix => pix::show(book, charging, now),
        Rail::Boleto => boleto::show(book, charging, now),
        Rail::Mpesa => mpesa::show(book, charging, now),
        Rail::Bank => Ok(bank::show(book, now)),
        Rail::Xrpl => Ok(xrpl::show(book, charging)),
    }
}

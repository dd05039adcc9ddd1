//! What a sandbox makes of a card: the number decides.
//!
//! The numbers are those of the guides and of Stripe's documentation (rails.md 1.2). The guides print
//! theirs with expiries that have passed, so a documented number's expiry is not looked at; any other
//! card must not have expired (trap 8). Live mode never asks here.

use jiff::civil::Date;

use super::{Expiry, Pan};

/// How an authorization in the sandbox ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardOutcome {
    /// The money moves.
    Approved,
    /// The money moves, and the holder disputes it afterwards.
    Disputed,
    /// The holder is asked first (3-D Secure).
    Challenged,
    /// The issuer says no.
    Declined(Decline),
}

/// Why an issuer says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decline {
    /// No reason given.
    CardDeclined,
    /// Not enough money.
    InsufficientFunds,
    /// Reported lost.
    LostCard,
    /// Reported stolen.
    StolenCard,
    /// Its month is over.
    ExpiredCard,
    /// The verification code is not the card's.
    IncorrectCvc,
    /// The network failed.
    ProcessingError,
}

impl Decline {
    /// The word for it that Stripe's documentation uses.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CardDeclined => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::LostCard => "lost_card",
            Self::StolenCard => "stolen_card",
            Self::ExpiredCard => "expired_card",
            Self::IncorrectCvc => "incorrect_cvc",
            Self::ProcessingError => "processing_error",
        }
    }
}

const DOCUMENTED: [(&str, CardOutcome); 13] = [
    ("4111111111111111", CardOutcome::Approved),
    ("4242424242424242", CardOutcome::Approved),
    ("5555555555554444", CardOutcome::Approved),
    ("4000000000000002", CardOutcome::Declined(Decline::CardDeclined)),
    ("4000000000009995", CardOutcome::Declined(Decline::InsufficientFunds)),
    ("4000000000009987", CardOutcome::Declined(Decline::LostCard)),
    ("4000000000009979", CardOutcome::Declined(Decline::StolenCard)),
    ("4000000000000069", CardOutcome::Declined(Decline::ExpiredCard)),
    ("4000000000000127", CardOutcome::Declined(Decline::IncorrectCvc)),
    ("4000000000000119", CardOutcome::Declined(Decline::ProcessingError)),
    ("4000000000000259", CardOutcome::Disputed),
    ("4000002500003155", CardOutcome::Challenged),
    ("4000003800000446", CardOutcome::Challenged),
];

/// What becomes of a card in the sandbox on a day of the sandbox's clock.
#[must_use]
pub fn outcome(pan: &Pan, expiry: Expiry, today: Date) -> CardOutcome {
    let documented = DOCUMENTED.iter().find(|(number, _)| *number == pan.expose());
    match documented {
        Some((_, outcome)) => *outcome,
        None if expiry.is_past(today) => CardOutcome::Declined(Decline::ExpiredCard),
        None => CardOutcome::Approved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 11, 22);

    fn ends(number: &str, expiry: &str) -> CardOutcome {
        let pan = Pan::parse(number).unwrap_or_else(|fault| panic!("{fault}"));
        outcome(&pan, Expiry::parse(expiry).unwrap(), TODAY)
    }

    fn declined(number: &str) -> Option<&'static str> {
        match ends(number, "12/25") {
            CardOutcome::Declined(why) => Some(why.code()),
            CardOutcome::Approved | CardOutcome::Disputed | CardOutcome::Challenged => None,
        }
    }

    #[test]
    fn every_documented_number_is_a_number() {
        for (number, _) in DOCUMENTED {
            assert!(Pan::parse(number).is_ok(), "{number}");
        }
    }

    #[test]
    fn a_documented_number_decides_whatever_its_expiry() {
        assert_eq!(ends("4111 1111 1111 1111", "12/25"), CardOutcome::Approved);
        assert_eq!(ends("4242424242424242", "12/2025"), CardOutcome::Approved);
        assert_eq!(ends("4000000000000259", "12/25"), CardOutcome::Disputed);
        assert_eq!(ends("4000002500003155", "12/30"), CardOutcome::Challenged);
        assert_eq!(declined("4000000000000002"), Some("card_declined"));
        assert_eq!(declined("4000000000009995"), Some("insufficient_funds"));
        assert_eq!(declined("4000000000000127"), Some("incorrect_cvc"));
        let expired = CardOutcome::Declined(Decline::ExpiredCard);
        assert_eq!(ends("4000000000000069", "12/30"), expired);
    }

    #[test]
    fn any_other_card_is_good_until_it_expires() {
        assert_eq!(ends("4012888888881881", "11/26"), CardOutcome::Approved);
        let expired = CardOutcome::Declined(Decline::ExpiredCard);
        assert_eq!(ends("4012888888881881", "10/26"), expired);
    }
}

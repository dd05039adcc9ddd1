//! M-Pesa: phone numbers, and the ids and receipts that Daraja hands out.
//!
//! The forms are those seen in real callbacks (rails.md 3.5 and 4.3). Daraja's dates are East Africa
//! Time, UTC+3 all year round.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{Offset, offset};
use jiff::{SignedDuration, Timestamp};

const EAST_AFRICA: Offset = offset(3);
/// The year whose receipts would begin with A.
const LETTER_A_YEAR: i16 = 2006;
const BASE_36: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/// Characters of a receipt after its date.
const SERIAL_CHARS: usize = 7;

/// A Kenyan mobile number in full: `254`, then 1 or 7, then eight digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Msisdn(String);

/// A text that is not such a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a phone number has the form 254XXXXXXXXX: 254, then 1 or 7, then eight digits")]
pub struct BadMsisdn;

impl Msisdn {
    /// Reads a number. Nothing is put right: `0712…` and `+254…` are refused, as `SentinelGate`'s
    /// guide has it.
    pub fn parse(text: &str) -> Result<Self, BadMsisdn> {
        let national = text.strip_prefix("254").ok_or(BadMsisdn)?;
        let fits = national.len() == 9
            && national.starts_with(['1', '7'])
            && national.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.to_owned())).ok_or(BadMsisdn)
    }

    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nine digits after the country's.
    fn national(&self) -> &str {
        self.0.get(3..).unwrap_or_default()
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a prompt on a sandbox phone ends (`SentinelGate`'s guide, "Test Data").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// The payer pays.
    Paid,
    /// The payer has no money: result code 1.
    Refused,
    /// The phone is never reached: result code 1037 when the prompt has died.
    Unreachable,
    /// The payer pays, but only after five minutes.
    PaidLate,
}

/// What a sandbox phone does: four documented numbers decide, and any other pays.
#[must_use]
pub fn prompt(phone: &Msisdn) -> Prompt {
    match phone.as_str() {
        "254700000000" => Prompt::Refused,
        "254711111111" => Prompt::Unreachable,
        "254722222222" => Prompt::PaidLate,
        // 254712345678, which the guide names, and every number it does not.
        _ => Prompt::Paid,
    }
}

impl Prompt {
    /// The `ResultCode` of its callback.
    #[must_use]
    pub const fn result_code(self) -> u16 {
        match self {
            Self::Paid | Self::PaidLate => 0,
            Self::Refused => 1,
            Self::Unreachable => 1037,
        }
    }

    /// How long after the prompt its callback comes, on the sandbox's clock (rails.md trap 29): two
    /// seconds for a payer who is at hand.
    #[must_use]
    pub const fn answers_after(self) -> SignedDuration {
        match self {
            Self::Paid | Self::Refused => SignedDuration::from_secs(2),
            Self::Unreachable => SignedDuration::from_secs(60),
            Self::PaidLate => SignedDuration::from_secs(300),
        }
    }
}

/// A moment as Daraja writes it: `yyyymmddHHMMSS`, East Africa Time.
#[must_use]
pub fn timestamp(at: Timestamp) -> String {
    in_nairobi(at).strftime("%Y%m%d%H%M%S").to_string()
}

/// A receipt, ten capital letters and digits: year, month and day in East Africa Time (`UKM` is
/// 2026-11-22), then the serial number in base 36. Receipts of one day differ while their serials
/// differ below 36⁷, about 78 billion. The letters of the years come round after 26.
#[must_use]
pub fn receipt(at: Timestamp, serial: u64) -> String {
    let day = in_nairobi(at);
    let year = u64::from((day.year() - LETTER_A_YEAR).rem_euclid(26).unsigned_abs());
    let month = u64::from(day.month().unsigned_abs()) - 1;
    let mut text = String::with_capacity(3 + SERIAL_CHARS);
    // Letters come after the ten digits; the day of the month counts from 1 to V.
    text.extend([10 + year, 10 + month, u64::from(day.day().unsigned_abs())].map(base_36));
    let digit = |place| base_36(serial / 36_u64.pow(place) % 36);
    text.extend((0..7).rev().map(digit));
    text
}

/// What a prompt is asked after by: `ws_CO_`, the day and the time to the millisecond, and the
/// number's last nine digits. It is as unique as they are: two prompts to one phone within one
/// millisecond would share it.
#[must_use]
pub fn checkout_request_id(at: Timestamp, phone: &Msisdn) -> String {
    let time = in_nairobi(at);
    let millisecond = time.millisecond();
    format!("ws_CO_{}{millisecond:03}{}", time.strftime("%d%m%Y%H%M%S"), phone.national())
}

/// What a request for a prompt is known by: `29115-34620561-1`.
#[must_use]
pub fn merchant_request_id(entropy: u64) -> String {
    let (front, middle) = (entropy % 90_000 + 10_000, entropy / 90_000 % 90_000_000 + 10_000_000);
    let last = entropy / 90_000 / 90_000_000 % 4 + 1;
    format!("{front}-{middle}-{last}")
}

/// What a payout's result is known by: `AG_`, the day in East Africa Time, and twenty hex digits.
#[must_use]
pub fn conversation_id(at: Timestamp, entropy: u64) -> String {
    format!("AG_{}_{entropy:020x}", in_nairobi(at).strftime("%Y%m%d"))
}

/// An amount of cents in the whole shillings that M-Pesa moves, if it is one.
#[must_use]
pub const fn whole_shillings(cents: i64) -> Option<i64> {
    if cents % 100 == 0 { Some(cents / 100) } else { None }
}

fn in_nairobi(at: Timestamp) -> DateTime {
    EAST_AFRICA.to_datetime(at)
}

fn base_36(digit: u64) -> char {
    let letter = usize::try_from(digit).ok().and_then(|at| BASE_36.get(at));
    char::from(*letter.expect("a digit below 36"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(Msisdn::parse("254712345678").unwrap().as_str(), "254712345678");
        assert!(Msisdn::parse("254110000000").is_ok());
        let others =
            ["0712345678", "+254712345678", "254812345678", "25471234567", "2547123456789", ""];
        assert_eq!(others.map(|text| Msisdn::parse(text).is_ok()), [false; 6]);
        assert!(Msisdn::parse("25471234567x").is_err());
        assert!(BadMsisdn.to_string().contains("254XXXXXXXXX"));
    }

    #[test]
    fn the_guides_numbers_decide_and_others_pay() {
        let ends = |text| prompt(&Msisdn::parse(text).unwrap());
        assert_eq!(ends("254712345678"), Prompt::Paid);
        assert_eq!(ends("254700000000"), Prompt::Refused);
        assert_eq!(ends("254711111111").result_code(), 1037);
        assert_eq!(ends("254722222222"), Prompt::PaidLate);
        assert_eq!(ends("254722222222").answers_after(), SignedDuration::from_mins(5));
        assert_eq!(ends("254799999999").result_code(), 0);
    }

    #[test]
    fn a_receipt_begins_with_its_day_in_nairobi() {
        assert_eq!(receipt(at("2026-11-22T09:00:00Z"), 0), "UKM0000000");
        assert_eq!(receipt(at("2026-11-22T21:00:00Z"), 35), "UKN000000Z");
        assert_eq!(receipt(at("2017-01-01T00:00:00Z"), 36), "LA10000010");
        assert_eq!(receipt(at("2025-12-31T12:00:00Z"), 36_u64.pow(7) - 1), "TLVZZZZZZZ");
    }

    #[test]
    fn ids_have_the_forms_of_real_captures() {
        let phone = Msisdn::parse("254708374149").unwrap();
        let time = at("2024-01-07T07:35:43.427Z");
        assert_eq!(timestamp(time), "20240107103543");
        assert_eq!(checkout_request_id(time, &phone), "ws_CO_07012024103543427708374149");
        assert_eq!(conversation_id(time, 0x4e48_cf7e), "AG_20240107_0000000000004e48cf7e");
        assert_eq!(merchant_request_id(0), "10000-10000000-1");
        assert_eq!(merchant_request_id(u64::MAX).len(), 16);
    }

    #[test]
    fn shillings_are_whole() {
        assert_eq!(whole_shillings(10_000), Some(100));
        assert_eq!(whole_shillings(10_050), None);
    }

    proptest! {
        #[test]
        fn receipts_of_a_day_differ_while_serials_do(a in 0..36_u64.pow(7), b in 0..36_u64.pow(7)) {
            let day = at("2026-11-22T09:00:00Z");
            prop_assert_eq!(receipt(day, a) == receipt(day, b), a == b);
        }

        #[test]
        fn a_receipt_is_ten_capitals_and_digits(second in -9_000_000_000_i64..200_000_000_000, serial: u64) {
            let text = receipt(Timestamp::from_second(second).unwrap(), serial);
            prop_assert_eq!(text.len(), 10);
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,20}") {
            if let Ok(phone) = Msisdn::parse(&text) {
                prop_assert_eq!(phone.as_str(), text);
            }
        }
    }
}

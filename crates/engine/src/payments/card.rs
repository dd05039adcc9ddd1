//! A payer's card, from the edge to its rail: in memory alone, and gone with the call. What a token keeps of it meanwhile is
//! its number alone, sealed.

use posthorn_core::payment::CardFacts;
use posthorn_core::secret::Secret;
use posthorn_rails::cards::{Expiry, Pan, has_card_number};
use posthorn_rails::simulated::Card;
use serde::Serialize;
use serde_json::Value;

use crate::error::EngineError;
use crate::settings::refuse;

/// A payer's card. It has no `Debug`, and is wiped when it is dropped.
pub struct PayerCard {
    pub(super) card: Card,
    facts: CardFacts,
}

/// Why a text is no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCard {
    /// The number is none.
    #[error("the number is not a card's")]
    Number,
    /// The expiry cannot be read.
    #[error("the expiry must be a month and a year, as in 12/2030")]
    Expiry,
    /// The code has the wrong length.
    #[error("the security code must have three digits, or four on an American Express card")]
    Code,
}

impl PayerCard {
    /// A card as it is typed: number, month and year, code.
    pub fn read(
        number: &str,
        (month, year): (u8, u16),
        code: Option<&str>,
    ) -> Result<Self, BadCard> {
        let expiry = Expiry::new(month.into(), year.into()).map_err(|_| BadCard::Expiry)?;
        Self::of(number, expiry, code)
    }

    /// The same with the expiry as a text: `12/30`, `12/2030`.
    pub fn read_text(
        number: &str,
        expiry: Option<&str>,
        code: Option<&str>,
    ) -> Result<Self, BadCard> {
        let expiry = expiry.ok_or(BadCard::Expiry)?;
        let expiry = Expiry::parse(expiry).map_err(|_| BadCard::Expiry)?;
        Self::of(number, expiry, code)
    }

    fn of(number: &str, expiry: Expiry, code: Option<&str>) -> Result<Self, BadCard> {
        let pan = Pan::parse(number).map_err(|_| BadCard::Number)?;
        let brand = pan.brand();
        if code.is_some_and(|code| !brand.takes_cvv(code)) {
            return Err(BadCard::Code);
        }
        let facts = CardFacts {
            brand: brand.as_str().to_owned(),
            bin: pan.bin6().to_owned(),
            last4: pan.last4().to_owned(),
            exp_month: u8::try_from(expiry.month()).unwrap_or_default(),
            exp_year: u16::try_from(expiry.year()).unwrap_or_default(),
        };
        Ok(Self { card: Card { pan, expiry }, facts })
    }

    /// A card whose number was kept sealed, as it is now.
    pub(super) fn opened(number: &Secret, facts: &CardFacts) -> Result<Self, BadCard> {
        Self::read(number.expose(), (facts.exp_month, facts.exp_year), None)
    }

    /// The number, for the one place that seals it.
    pub(super) fn number(&self) -> &str {
        self.card.pan.expose()
    }

    /// What may be kept of it.
    #[must_use]
    pub fn facts(&self) -> CardFacts {
        self.facts.clone()
    }
}

/// Names of a card's security code, in small letters without anything between.
const CODES: [&str; 10] = [
    "cvv",
    "cvv2",
    "cvc",
    "cvc2",
    "cvn",
    "ccv",
    "cardcvv",
    "cardcvc",
    "securitycode",
    "cardsecuritycode",
];
/// Words in such names. Others have them too (`cvv_result`), so it is the value that tells.
const CODE_WORDS: [&str; 4] = ["cvn", "csc", "ccv", "cvd"];
/// The same wherever they stand in a name.
const CODE_PARTS: [&str; 4] = ["cvv", "seguranca", "securitycode", "verificationvalue"];
/// What is a card's code where the name is of a card, and anybody's elsewhere.
const CARD_CODES: [&str; 2] = ["cardverificationcode", "cartaocodigo"];

/// Refuses what is to be kept and told of when a card's number or security code is in any of its texts; notes are looked
/// through as the JSON that they are.
pub(super) fn check_no_card(kept: &impl Serialize) -> Result<(), EngineError> {
    let value = serde_json::to_value(kept)
        .map_err(|error| EngineError::Broken { what: error.to_string() })?;
    match stray(&value, "") {
        None => Ok(()),
        Some((member, what)) => refuse(member, what),
    }
}

/// The same of one text, by the name of its field.
pub(super) fn check_text(field: &'static str, text: &str) -> Result<(), EngineError> {
    if has_card_number(text) { refuse(field, NUMBER) } else { Ok(()) }
}

const NUMBER: &str = "has what looks like a card's number, which is kept and sent to nobody; give a card as the payment's card alone";
const CODE: &str = "has a card's security code, which is kept and sent to nobody; give it with the payment's card alone";

/// What is wrong with a value, and the field that callers know it by.
fn stray(value: &Value, name: &str) -> Option<(&'static str, &'static str)> {
    match value {
        Value::String(notes) if name == "metadata" => {
            let what = serde_json::from_str(notes).map_or_else(
                |_| has_card_number(notes).then_some(NUMBER),
                |notes| in_notes(&notes),
            );
            what.map(|what| ("metadata", what))
        }
        Value::String(text) => has_card_number(text).then(|| (field(name), NUMBER)),
        Value::Array(values) => values.iter().find_map(|value| stray(value, name)),
        Value::Object(members) => members.iter().find_map(|(name, value)| stray(value, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What is wrong with a merchant's own notes.
fn in_notes(notes: &Value) -> Option<&'static str> {
    match notes {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let named = has_card_number(name).then_some(NUMBER);
            let code = is_code(name, value).then_some(CODE);
            named.or(code).or_else(|| in_notes(value))
        }),
        Value::Array(values) => values.iter().find_map(in_notes),
        Value::String(text) => has_card_number(text).then_some(NUMBER),
        Value::Number(number) if !number.is_f64() => {
            has_card_number(&number.to_string()).then_some(NUMBER)
        }
        Value::Number(_) | Value::Null | Value::Bool(_) => None,
    }
}

/// Whether a member is a card's security code: by its name; or by a word of it, and three or four digits as its value.
pub(crate) fn is_code(name: &str, value: &Value) -> bool {
    let words = words(name);
    let plain = words.concat();
    let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned());
    let is_short = matches!(text.len(), 3 | 4) && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_named = CODES.contains(&&*plain) && text.bytes().any(|byte| byte.is_ascii_digit());
    let has = |parts: &[&str]| parts.iter().any(|part| plain.contains(part));
    // `recv_count` has the letters, and is none.
    let is_cvc = plain.replace("recv", "").contains("cvc");
    let of_codes = words.iter().any(|word| CODE_WORDS.contains(&&**word))
        || is_cvc
        || has(&CODE_PARTS)
        || has(&CARD_CODES)
        || plain == "cardcode";
    is_named || (is_short && of_codes)
}

/// The words of a name, in small letters: `cvvNumber`, `CVNCode`, `card-cvv`, `código de segurança`.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = name.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        let is_next_small = letters.peek().is_some_and(|next| next.is_lowercase());
        let begins = before.is_lowercase() || is_next_small;
        if !letter.is_alphanumeric() || (begins && letter.is_uppercase()) {
            words.push(String::new());
        }
        before = letter;
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase().map(|small| if small == 'ç' { 'c' } else { small }));
        }
    }
    words
}

/// The field that callers know a member by.
fn field(member: &str) -> &'static str {
    const FIELDS: [(&str, &str); 12] = [
        ("name", "name"),
        ("email", "email"),
        ("phone", "phone"),
        ("document", "document"),
        ("description", "description"),
        ("reference", "reference"),
        ("destination", "destination"),
        ("account", "bank"),
        ("bank", "bank"),
        ("kind", "type"),
        ("callback", "callback_url"),
        ("metadata", "metadata"),
    ];
    let known = FIELDS.iter().find(|(kept, _)| *kept == member);
    known.map_or("request", |(_, field)| field)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(kept: &Value) -> String {
        check_no_card(kept).map_or_else(|error| error.to_string(), |()| "kept".to_owned())
    }

    #[test]
    fn a_number_is_found_in_any_text_and_a_code_by_its_name() {
        for kept in [
            json!({"description": "4242 4242 4242 4242"}),
            json!({"customer": {"name": "4242.4242.4242.4242"}}),
            json!({"legs": [{"to": "4242424242424242"}]}),
            json!({"metadata": r#"{"a":[{"b":"4242-4242-4242-4242"}]}"#}),
            json!({"metadata": r#"{"a":{"CVV2":"123"}}"#}),
            json!({"metadata": r#"{"card_security_code":123}"#}),
            json!({"metadata": r#"{"note":"card:\n4242424242424242"}"#}),
            json!({"metadata": r#"{"note":"a\t4242 4242 4242 4242"}"#}),
            json!({"metadata": r#"{"4242424242424242":1}"#}),
            json!({"metadata": r#"{"n":[4242424242424242]}"#}),
            json!({"metadata": r#"{"cvv_code":"123"}"#}),
            json!({"metadata": r#"{"cvvNumber":123}"#}),
            json!({"metadata": r#"{"código de segurança":"1234"}"#}),
            json!({"metadata": r#"{"csc":"123"}"#}),
            json!({"metadata": r#"{"cartaocvv":"123"}"#}),
            json!({"metadata": r#"{"CARDCVV2":"123"}"#}),
            json!({"metadata": r#"{"CVNCode":"123"}"#}),
            json!({"metadata": r#"{"CVCNumber":123}"#}),
            json!({"metadata": r#"{"CÓDIGO DE SEGURANÇA":"123"}"#}),
            json!({"metadata": r#"{"codigoseguranca":" 123 "}"#}),
            json!({"metadata": r#"{"ccv":"123"}"#}),
            json!({"metadata": r#"{"card_verification_code":"123"}"#}),
            json!({"metadata": r#"{"cvv":{"value":"123"}}"#}),
        ] {
            assert!(said(&kept).contains("card's"), "{kept}: {}", said(&kept));
        }
        let fine = json!({"id": 4_242_424_242_424_242_i64, "metadata": r#"{"cvv":"","cvv_result":"M","order":"1","recv_count":120,"recvNum":1234,"csc":"SP","gift_card_code":"1234","discardCode":123,"verification_code":"1234","cvc":"pass","checks":{"cvv":false},"lat":-23.550519846210345}"#, "name": "João"});
        assert_eq!(said(&fine), "kept");
    }
}

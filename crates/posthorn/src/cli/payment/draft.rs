//! A payment as it is asked for on the command line.

use anyhow::{Context, bail};
use posthorn_core::json::Style;
use serde_json::{Map, Value, json};

use super::set;
use crate::cli::trigger::given;

/// A payment to make.
#[derive(clap::Args)]
pub(super) struct Draft {
    /// How much, in minor units (cents, drops)
    amount: i64,
    /// The currency, as in BRL
    currency: String,
    /// How it is paid: `card`, `pix`, `boleto`, `mobile_money`, `bank_transfer` or `xrp`
    #[arg(long)]
    method: String,
    /// Through whom, in the contract's own word [default: its usual provider for this method]
    #[arg(long)]
    provider: Option<String>,
    /// Only reserve it; `posthorn payment capture` takes it
    #[arg(long)]
    hold: bool,
    /// The platform's part, in minor units
    #[arg(long, value_name = "MINOR")]
    fee: Option<i64>,
    /// What you call it: there is no second one while it may be paid, or was
    #[arg(long)]
    reference: Option<String>,
    /// What the payer reads
    #[arg(long)]
    description: Option<String>,
    /// Your own notes: a JSON object, @FILE or - for standard input
    #[arg(long, value_name = "JSON|@FILE|-")]
    metadata: Option<String>,
    /// Where its events go besides the endpoints
    #[arg(long, value_name = "URL")]
    callback_url: Option<String>,
    /// For how long it may be paid, as in 15m [default: the contract's own]
    #[arg(long, value_name = "DURATION")]
    expires_in: Option<String>,
    /// The payer's telephone, for `mobile_money`
    #[arg(long)]
    phone: Option<String>,
    /// The card's number, for `card`: a test card, since other programs can read this line
    #[arg(long, value_name = "NUMBER", requires = "card_expires")]
    card: Option<String>,
    /// Until when the card is good, as in 12/2030
    #[arg(long, value_name = "MM/YYYY", requires = "card")]
    card_expires: Option<String>,
    /// The code on the card
    #[arg(long, requires = "card")]
    cvv: Option<String>,
    /// An Idempotency-Key, so that a repeated command makes one payment
    #[arg(long, value_name = "KEY")]
    pub(super) once: Option<String>,
}

impl Draft {
    /// The API's own form of it.
    pub(super) fn into_body(self) -> anyhow::Result<Value> {
        let mut body = Map::new();
        set(&mut body, "amount", Some(self.amount));
        set(&mut body, "currency", Some(self.currency));
        set(&mut body, "method", Some(self.method));
        set(&mut body, "provider", self.provider);
        set(&mut body, "hold", self.hold.then_some(true));
        set(&mut body, "fee", self.fee);
        set(&mut body, "reference", self.reference);
        set(&mut body, "description", self.description);
        set(&mut body, "metadata", self.metadata.as_deref().map(object).transpose()?);
        set(&mut body, "callback_url", self.callback_url);
        set(&mut body, "expires_in", self.expires_in);
        set(&mut body, "phone", self.phone);
        if let (Some(number), Some(expires)) = (self.card, self.card_expires) {
            let (month, year) = good_until(&expires)?;
            let mut card = json!({"number": number, "exp_month": month, "exp_year": year});
            if let (Some(cvv), Some(card)) = (self.cvv, card.as_object_mut()) {
                card.insert("cvv".to_owned(), cvv.into());
            }
            set(&mut body, "card", Some(card));
        }
        Ok(body.into())
    }
}

/// A JSON text of the command line, as a member of a body.
pub(crate) fn object(data: &str) -> anyhow::Result<Value> {
    let data = given(data).context("--metadata")?;
    Ok(serde_json::from_slice(&data.to_vec(Style::Js))?)
}

fn good_until(text: &str) -> anyhow::Result<(u8, u16)> {
    let read = text.split_once('/').map(|(month, year)| (month.parse(), year.parse()));
    match read {
        Some((Ok(month), Ok(year))) => Ok((month, year)),
        _ => bail!("--card-expires is a month and a year of four digits, as in 12/2030"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cards_last_month_is_read_as_it_is_printed_on_it() {
        assert_eq!(good_until("02/2031").unwrap(), (2, 2031));
        for bad in ["2031-02", "02", "x/2031", "02/2031/1"] {
            assert!(good_until(bad).is_err(), "{bad}");
        }
    }
}

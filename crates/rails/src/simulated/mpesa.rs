//! M-Pesa: a prompt on a telephone, whose number decides (`crate::mpesa`).

use jiff::Timestamp;
use posthorn_core::payment::{Instrument, Method, Refusal};

use super::book::{Book, Change, Standing};
use super::charge::Charging;
use super::{after, refusal};
use crate::mpesa::{Msisdn, Prompt, checkout_request_id, prompt};

pub(super) fn show(book: Book, charging: &Charging<'_>, now: Timestamp) -> Result<Book, Refusal> {
    let Method::MobileMoney { phone } = charging.method else {
        return Err(refusal("method_not_supported", "M-Pesa asks a telephone"));
    };
    let phone =
        Msisdn::parse(phone).map_err(|fault| refusal("invalid_phone", &fault.to_string()))?;
    let ends = prompt(&phone);
    let checkout_request = checkout_request_id(now, &phone);
    let mut book =
        book.stand(Standing::Awaiting { instrument: Instrument::Push { checkout_request } });
    let change = match ends {
        Prompt::Paid | Prompt::PaidLate => Change::Finish,
        Prompt::Refused => Change::Refuse { refusal: refused("insufficient_funds", ends) },
        Prompt::Unreachable => Change::Refuse { refusal: refused("timeout", ends) },
    };
    book.foresee(after(now, ends.answers_after()), change);
    Ok(book)
}

fn refused(code: &str, ends: Prompt) -> Refusal {
    let message = match ends {
        Prompt::Unreachable => "the telephone could not be reached",
        Prompt::Paid | Prompt::PaidLate | Prompt::Refused => "the payer's balance is insufficient",
    };
    refusal(code, &format!("{message} (result code {})", ends.result_code()))
}

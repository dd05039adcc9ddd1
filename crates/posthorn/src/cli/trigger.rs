//! `posthorn trigger`: makes an event happen in the sandbox, with the catalogue's sample data or to a payment.

mod happening;

use std::io::Read;

use anyhow::{Context, bail};
use posthorn_core::json::{self, Json, Style};

use super::api::{As, Client, Connection, segment};
use super::out::{Ink, ink, say};
use super::table::text;

/// How alike a written type and a known one must be for it to be offered.
const ALIKE_MIN: f64 = 0.75;

/// Make an event happen in the sandbox
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    posthorn trigger payment.completed --key sk_test_…\n  \
    posthorn trigger payment.completed --data '{\"id\": \"pay_1\"}'\n  \
    posthorn trigger payment.completed --data @payment.json\n  \
    posthorn trigger payment.completed --payment pay_…   # what its payer would do\n\n\
    The types of a contract: posthorn contract show NAME")]
pub(crate) struct Args {
    /// The event's type, as the merchant's contract calls it
    event: String,

    /// The test payment that it happens to: its simulated provider is made to cause it, and the data is its own
    #[arg(long, value_name = "ID", conflicts_with = "data")]
    payment: Option<String>,

    /// The event's data: JSON, @FILE or - for standard input [default: the catalogue's sample]
    #[arg(long, value_name = "JSON|@FILE|-")]
    data: Option<String>,

    #[command(flatten)]
    connection: Connection,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let client = Client::new(&args.connection);
    if args.connection.key.as_deref().is_some_and(|key| key.starts_with("sk_live_")) {
        bail!("this is a live key; trigger sends made-up data, so it takes test keys only");
    }
    if let Some(payment) = &args.payment {
        let (known, contract) = catalogue(&client)?;
        let event = found(&known, &args.event, &contract)?;
        return happening::cause(&client, event, payment);
    }
    let data = match &args.data {
        Some(data) => given(data)?,
        None => sample(&client, &args.event)?,
    };
    let body = Json::object([("type", Json::from(args.event.as_str())), ("data", data)]);
    let body = String::from_utf8_lossy(&body.to_vec(Style::Js)).into_owned();
    let reply = client.send(As::Merchant, ("POST", "/v1/events"), body, None)?;
    client.show(&reply, |reply| {
        let id = text(&reply.value, "id");
        let deliveries = reply.value.get("deliveries").and_then(Json::as_array).unwrap_or_default();
        say(format_args!("{} {}  {}", ink(Ink::Good, "accepted"), ink(Ink::Bold, &id), args.event));
        for delivery in deliveries {
            say(format_args!("  {} to {}", text(delivery, "id"), text(delivery, "endpoint")));
        }
        if deliveries.is_empty() {
            say(format_args!(
                "  no endpoint wants it (posthorn event explain {id} says why); `posthorn listen` sees it"
            ));
        }
    });
    Ok(())
}

/// Data given as JSON, as a file or on standard input.
pub(crate) fn given(data: &str) -> anyhow::Result<Json> {
    let (what, bytes) = match (data, data.strip_prefix('@')) {
        ("-", _) => {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .context("cannot read standard input")?;
            ("standard input", bytes)
        }
        (_, Some(path)) => {
            (path, std::fs::read(path).with_context(|| format!("cannot read {path}"))?)
        }
        (text, None) => ("--data", text.as_bytes().to_vec()),
    };
    json::parse(&bytes).map_err(|error| anyhow::anyhow!("{what} is not JSON: {error}"))
}

/// The catalogue of the caller's merchant, and its contract's name.
fn catalogue(client: &Client) -> anyhow::Result<(Vec<Json>, String)> {
    let merchant = client.get(As::Merchant, "/v1/merchant")?;
    let name = text(&merchant.value, "contract");
    let contract = client.get(As::Merchant, &format!("/v1/contracts/{}", segment(&name)))?;
    let events = contract.value.get("events").and_then(Json::as_array).unwrap_or_default();
    Ok((events.to_vec(), name))
}

/// An event of a catalogue.
fn found<'e>(events: &'e [Json], kind: &str, contract: &str) -> anyhow::Result<&'e Json> {
    let found = events.iter().find(|event| text(event, "type") == kind);
    found.with_context(|| {
        let kinds: Vec<String> = events.iter().map(|event| text(event, "type")).collect();
        unknown(kind, contract, &kinds)
    })
}

/// The catalogue's sample for an event type of the caller's merchant.
fn sample(client: &Client, kind: &str) -> anyhow::Result<Json> {
    let (events, contract) = catalogue(client)?;
    match found(&events, kind, &contract)?.get("sample") {
        // Older texts carry the sample as a string.
        Some(Json::String(sample)) => Ok(json::parse(sample.as_bytes())?),
        Some(sample) => Ok(sample.clone()),
        None => bail!("`{kind}` has no sample in the catalogue of {contract}; give --data"),
    }
}

fn unknown(kind: &str, contract: &str, kinds: &[String]) -> String {
    let near = kinds
        .iter()
        .map(|known| (strsim::jaro_winkler(known, kind), known))
        .filter(|(alike, _)| *alike >= ALIKE_MIN)
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    let hint = match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => format!("`posthorn contract show {contract}` lists its events"),
    };
    format!("`{kind}` is not in the catalogue of {contract}; {hint} (`--data` sends any type)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_type_is_answered_with_the_nearest_one() {
        let kinds = ["payment.created".to_owned(), "payment.completed".to_owned()];
        assert_eq!(
            unknown("payment.complet", "payqi", &kinds),
            "`payment.complet` is not in the catalogue of payqi; did you mean `payment.completed`? \
             (`--data` sends any type)"
        );
        assert!(unknown("xyz", "payqi", &kinds).contains("posthorn contract show payqi"));
    }

    #[test]
    fn data_is_taken_as_it_stands_or_from_a_file() {
        assert_eq!(given("{\"a\":1}").unwrap().path("a").and_then(Json::as_i64), Some(1));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"b\":2}").unwrap();
        let data = given(&format!("@{}", file.path().display())).unwrap();
        assert_eq!(data.path("b").and_then(Json::as_i64), Some(2));
        assert!(given("{").err().unwrap().to_string().starts_with("--data is not JSON"));
    }
}

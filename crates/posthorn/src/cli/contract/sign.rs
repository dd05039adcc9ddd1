//! `posthorn contract sign`: what an attempt would look like, headers first, then the body.

use anyhow::{Context, bail};
use posthorn_core::contract::{Contract, Sending, SigningKey};
use posthorn_core::event::{EventType, Payload};
use posthorn_core::json::Style;
use posthorn_engine::clock::{Clock, RealClock};

use super::standard_input;
use crate::cli::out::{say, write};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    echo '{\"id\":\"pay_1\"}' | posthorn contract sign --contract payqi --secret whsec_fake\n  \
    posthorn contract sign --contract krxscale --secret whsec_fake --raw < body.json    # headers only")]
pub(super) struct Args {
    /// The contract's name, or a file
    #[arg(long)]
    pub(super) contract: String,

    /// The endpoint's secret
    #[arg(long)]
    secret: String,

    /// A further secret, as while one is rotated; the first that is given signs first
    #[arg(long, value_name = "SECRET")]
    also: Vec<String>,

    /// When it is signed, in Unix seconds [default: now]
    #[arg(long, value_name = "SECONDS")]
    timestamp: Option<i64>,

    /// The event's id
    #[arg(long, default_value = "evt_example", value_parser = one_line)]
    id: String,

    /// The event's type [default: the catalogue's first]
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// The attempt's number
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    attempt: u32,

    /// What stands for the merchant in the body
    #[arg(long, default_value = "mer_example", value_parser = one_line)]
    merchant: String,

    /// The delivery's id
    #[arg(long, default_value = "dlv_example", value_parser = one_line)]
    delivery: String,

    /// How the body is printed: js, python or php
    #[arg(long, default_value = "js", value_parser = style)]
    style: Style,

    /// Standard input is the whole body, not the event's data: print its headers only
    #[arg(long)]
    raw: bool,
}

fn style(text: &str) -> Result<Style, String> {
    Style::from_name(text).ok_or_else(|| "it is js, python or php".to_owned())
}

/// It may stand in a header.
fn one_line(text: &str) -> Result<String, String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("it must have characters, and no control characters".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn run(args: &Args, contract: &Contract) -> anyhow::Result<()> {
    let now = RealClock::new().now();
    let first = contract.events.first().map_or("event", |event| event.kind.as_str());
    let kind: EventType = args.kind.as_deref().unwrap_or(first).parse()?;
    let keys: Result<Vec<SigningKey>, _> =
        [&args.secret].into_iter().chain(&args.also).map(|secret| contract.key(secret)).collect();
    let keys = keys?;
    let input = standard_input()?;
    let mut sending = Sending {
        id: &args.id,
        kind: kind.as_str(),
        created: now,
        merchant: &args.merchant,
        delivery: &args.delivery,
        attempt: args.attempt,
        sequence: None,
        timestamp: args.timestamp.unwrap_or_else(|| now.as_second()),
        data: b"{}",
        style: args.style,
    };
    if let Some(timestamp) = args.timestamp {
        sending.created =
            jiff::Timestamp::from_second(timestamp).context("--timestamp is no time")?;
    }
    if args.raw {
        print_headers(&contract.headers(&sending, &input, &keys));
        return Ok(());
    }
    let (data, _) = match Payload::parse(&input) {
        Ok(parsed) => parsed,
        Err(error) => bail!("standard input: {error} (`--raw` signs a whole body as it is)"),
    };
    sending.data = data.as_bytes();
    let signed = contract.sign(&sending, &keys)?;
    print_headers(&signed.headers);
    say("");
    write(String::from_utf8_lossy(&signed.body));
    Ok(())
}

fn print_headers(headers: &[(String, String)]) {
    for (name, value) in headers {
        say(format_args!("{name}: {value}"));
    }
}

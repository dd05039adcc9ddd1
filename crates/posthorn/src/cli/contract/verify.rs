//! `posthorn contract verify`: would a careful receiver take this request for genuine?

use anyhow::bail;
use jiff::SignedDuration;
use posthorn_core::contract::{Contract, Tolerance};
use posthorn_core::duration;
use posthorn_engine::clock::{Clock, RealClock};

use super::standard_input;
use crate::cli::out::{Ink, ink, say};

#[derive(clap::Args)]
#[command(after_help = "Example:\n  \
    posthorn contract verify --contract payqi --secret whsec_… \\\n    \
    --header 'X-PayQI-Signature: 5f1d…' --header 'X-PayQI-Timestamp: 1795305600' < body.json")]
pub(super) struct Args {
    /// The contract's name, or a file
    #[arg(long)]
    pub(super) contract: String,

    /// The endpoint's secret; a public key (whpk_…) will do
    #[arg(long)]
    secret: String,

    /// A header that came with the body
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, String)>,

    /// How far the timestamp may be from now, either way
    #[arg(long, default_value = "5m", value_parser = duration::parse)]
    tolerance: SignedDuration,

    /// The receiver's time, in Unix seconds [default: now]
    #[arg(long, value_name = "SECONDS")]
    now: Option<i64>,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(super) fn run(args: &Args, contract: &Contract) -> anyhow::Result<()> {
    let body = standard_input()?;
    let now = args.now.unwrap_or_else(|| RealClock::new().now().as_second());
    let clock = Tolerance::new(now, args.tolerance.as_secs());
    if let Err(error) = contract.verify(&args.headers, &body, &args.secret, clock) {
        bail!("not genuine: {error}");
    }
    say(format_args!(
        "{}: {} bytes, as {} signs them",
        ink(Ink::Good, "verified"),
        body.len(),
        contract.name
    ));
    Ok(())
}

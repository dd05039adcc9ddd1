//! `posthorn contract list` and `show`.

use anyhow::bail;
use jiff::SignedDuration;
use posthorn_core::contract::{Contract, KeyForm, embedded};
use posthorn_core::duration;

use crate::cli::out::{Ink, ink, say, write};
use crate::cli::table::grid;

#[derive(clap::Args)]
pub(super) struct ListArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  posthorn contract show krxscale\n  \
                        posthorn contract show standard --toml > acme.toml\n  \
                        posthorn contract show payqi --event payment.completed    # its sample data")]
pub(super) struct ShowArgs {
    /// Its name, or a file
    pub(super) name: String,

    /// Print the contract file itself
    #[arg(long)]
    toml: bool,

    /// Print the sample data of one event
    #[arg(long, value_name = "TYPE", conflicts_with = "toml")]
    event: Option<String>,
}

pub(super) fn list(args: &ListArgs, contracts: &[Contract]) {
    let contracts = in_force(contracts);
    if args.json {
        let rows: Vec<_> = contracts
            .iter()
            .map(|(one, own)| {
                serde_json::json!({
                    "name": one.name, "title": one.title, "language": one.language,
                    "events": one.events.len(), "tries": one.retry.tries(),
                    "https_only": one.https_only, "own": own,
                })
            })
            .collect();
        return say(serde_json::Value::from(rows));
    }
    let rows: Vec<Vec<String>> = contracts
        .iter()
        .map(|(one, own)| {
            vec![
                one.name.clone(),
                one.title.clone(),
                one.language.clone(),
                one.events.len().to_string(),
                one.retry.tries().to_string(),
                span(total(one)),
                remarks(one, *own),
            ]
        })
        .collect();
    grid(&["NAME", "TITLE", "LANGUAGE", "EVENTS", "TRIES", "OVER", ""], &rows);
}

/// Of those with one name the later, which is in force; and whether it is the operator's.
fn in_force(contracts: &[Contract]) -> Vec<(&Contract, bool)> {
    let given = contracts.iter().enumerate();
    let kept = given.filter(|(at, one)| {
        let mut later = contracts.iter().skip(at + 1);
        !later.any(|later| later.name == one.name)
    });
    kept.map(|(at, one)| (one, at >= embedded().len())).collect()
}

fn remarks(contract: &Contract, own: bool) -> String {
    let replaces = embedded().iter().any(|one| one.name == contract.name);
    let own = match (own, replaces) {
        (false, _) => None,
        (true, false) => Some("your own"),
        (true, true) => Some("your own in place of the embedded one"),
    };
    let remarks = [contract.https_only.then_some("https only"), own];
    remarks.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A long duration for people, as in `10d 7h 21m`.
fn span(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    let units = [("d", 86_400, i64::MAX), ("h", 3_600, 24), ("m", 60, 60), ("s", 1, 60)];
    let parts = units.map(|(unit, size, wrap)| (seconds / size % wrap, unit));
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, unit)| format!("{count}{unit}")).collect::<Vec<_>>().join(" ")
}

fn total(contract: &Contract) -> SignedDuration {
    contract.retry.waits.iter().copied().sum()
}

pub(super) fn show(args: &ShowArgs, contract: &Contract) -> anyhow::Result<()> {
    if args.toml {
        write(&contract.source);
        return Ok(());
    }
    if let Some(kind) = &args.event {
        return sample(contract, kind);
    }
    say(format_args!("{}  {}", ink(Ink::Bold, &contract.name), contract.title));
    say(format_args!("  secrets    {}", secrets(contract)));
    say(format_args!("  headers    {}", contract.header_names().join(", ")));
    say(format_args!("  body       at most {} bytes", contract.body_bytes_max));
    let scheme = if contract.https_only { "https only" } else { "https, or http where allowed" };
    say(format_args!("  receivers  {scheme}"));
    schedule(contract);
    say("");
    let rows: Vec<Vec<String>> = contract
        .events
        .iter()
        .map(|event| vec![event.kind.to_string(), event.description.clone()])
        .collect();
    grid(&["EVENT", "MEANS"], &rows);
    Ok(())
}

fn secrets(contract: &Contract) -> String {
    let form = match contract.key_form() {
        KeyForm::Utf8 => "HMAC-SHA-256 with the secret's own text as the key",
        KeyForm::Standard => {
            "whsec_ (HMAC-SHA-256) or whsk_ (Ed25519), as Standard Webhooks has it"
        }
    };
    let overlap =
        if contract.signs_with_all_keys() { "; old and new sign while one rotates" } else { "" };
    format!("{form}{overlap}")
}

fn schedule(contract: &Contract) {
    let waits: Vec<String> =
        contract.retry.waits.iter().map(|wait| duration::print(*wait)).collect();
    let timeout = SignedDuration::try_from(contract.retry.timeout).unwrap_or_default();
    say(format_args!(
        "  tries      {}, each at most {}; then {}",
        contract.retry.tries(),
        duration::print(timeout),
        contract.retry.exhausted
    ));
    if !waits.is_empty() {
        let in_all = span(total(contract));
        say(format_args!("  waits      {} ({in_all} in all)", waits.join(" ")));
    }
    let pause = contract.retry.pause_after.map_or_else(
        || "never".to_owned(),
        |after| format!("when everything has failed for {}", duration::print(after)),
    );
    say(format_args!("  pauses     {pause}"));
}

fn sample(contract: &Contract, kind: &str) -> anyhow::Result<()> {
    if let Some(event) = contract.event(kind) {
        say(String::from_utf8_lossy(&event.sample));
        return Ok(());
    }
    match contract.nearest_event(kind) {
        Some(near) => {
            bail!("`{kind}` is not in the catalogue of {}; did you mean `{near}`?", contract.name)
        }
        None => bail!("`{kind}` is not in the catalogue of {}", contract.name),
    }
}

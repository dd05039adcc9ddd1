//! A sandbox's merchants, and what `posthorn serve` says when it is up: where it is, and what to try.

use std::sync::Arc;

use anyhow::Context;
use posthorn_core::contract::Contract;
use posthorn_core::id::MerchantId;
use posthorn_engine::{Engine, EngineError, MerchantDraft, ModeKeys};
use posthorn_store::StoreError;

use crate::cli::out::{Ink, ink, say};
use crate::config::Config;
use crate::wiring::Running;

/// The contract whose merchant the examples use.
const SHOWN: &str = "standard";

/// A sandbox's merchant that this start made.
pub(super) struct Made {
    contract: Arc<Contract>,
    name: String,
    id: MerchantId,
    keys: ModeKeys,
}

/// Makes a merchant for each contract that has none yet.
pub(super) async fn merchants(engine: &Engine) -> anyhow::Result<Vec<Made>> {
    let before = engine.merchants();
    let mut made = Vec::new();
    for contract in engine.contracts() {
        if before.iter().any(|merchant| merchant.contract == contract.name) {
            continue;
        }
        let draft = MerchantDraft {
            name: format!("{} sandbox", contract.title),
            contract: contract.name.clone(),
            reference: None,
            strict_catalogue: false,
            retention: None,
            legal_hold: false,
            keep_test_keys: true,
        };
        let (merchant, keys) = match engine.create_merchant(draft, None).await {
            Err(error @ EngineError::Store(StoreError::Full)) => {
                tracing::warn!(%error, "a sandbox's merchants cannot be made yet");
                break;
            }
            created => created?,
        };
        let keys = keys.context("a merchant that was just made has keys to show")?.test;
        made.push(Made { contract, name: merchant.name.clone(), id: merchant.id, keys });
    }
    Ok(made)
}

pub(super) fn print(config: &Config, running: &Running, made: &[Made]) {
    let mode = if config.sandbox { "  sandbox" } else { "" };
    let data = config.data.canonicalize().unwrap_or_else(|_| config.data.clone());
    say(format_args!(
        "{}{}\n",
        ink(Ink::Bold, concat!("Posthorn ", env!("CARGO_PKG_VERSION"))),
        ink(Ink::Wait, mode)
    ));
    say(format_args!("  API        {}", ink(Ink::Name, running.url())));
    say(format_args!("  docs       {}/docs", running.url()));
    say(format_args!("  data       {}", data.display()));
    match &running.admin_key {
        Some(key) => {
            say(format_args!("  admin key  {}", ink(Ink::Name, key.expose())));
            say(
                "             shown this once: keep it, or preset your own with POSTHORN_ADMIN_KEY",
            );
        }
        None if config.admin_key.is_some() => say("  admin key  as preset"),
        None => say("  admin key  as shown on first start"),
    }
    say("");
    if config.sandbox {
        sandbox(running, made);
    }
}

/// The merchants that were made, with their keys; those of before are only named.
fn sandbox(running: &Running, made: &[Made]) {
    let program = program();
    let shown = made.iter().rfind(|one| one.contract.name == SHOWN).or(made.first());
    let Some(shown) = shown else {
        let command = format_args!("{program} merchant list --show-keys{}", server_flag(running));
        return say(format_args!("The test merchants' keys: {}\n", ink(Ink::Name, command)));
    };
    say("A test merchant for each contract:\n");
    for Made { contract, name, id, keys } in made {
        say(format_args!("  {}  {name}  {}", ink(Ink::Bold, &contract.name), ink(Ink::Dim, id)));
        if let Some(url) = running.platform_url(&contract.name) {
            say(format_args!("    base URL        {url}"));
        }
        say(format_args!("    API key         {}", keys.api_key.expose()));
        say(format_args!("    API secret      {}", keys.api_secret.expose()));
        say(format_args!("    webhook secret  {}", keys.webhook_secret.expose()));
    }
    say("");
    let event = first_event(&shown.contract);
    examples(&program, running, (shown.keys.api_key.expose(), &event));
}

/// `--server URL`, where the address is not the one that commands look at by themselves.
fn server_flag(running: &Running) -> String {
    if running.url() == "http://127.0.0.1:8080" {
        return String::new();
    }
    format!(" --server {}", running.url())
}

fn first_event(contract: &Contract) -> String {
    contract
        .events
        .first()
        .map_or_else(|| "payment.completed".to_owned(), |one| one.kind.to_string())
}

/// Three commands to try, ready to be pasted.
fn examples(program: &str, running: &Running, (key, event): (&str, &str)) {
    let url = running.url();
    let server = server_flag(running);
    say("Try, in another terminal:\n");
    say(ink(
        Ink::Dim,
        "# an endpoint: whatever happens is sent there, signed, until it answers 2xx",
    ));
    say(format_args!(
        "curl {url}/v1/endpoints -H 'Authorization: Bearer {key}' \\\n  \
         -H 'Content-Type: application/json' \\\n  \
         -d '{{\"url\": \"http://127.0.0.1:4000/webhooks\", \"events\": [\"*\"]}}'\n"
    ));
    say(ink(Ink::Dim, "# or without one: forward every event to a local program, and watch"));
    say(format_args!(
        "{program} listen --forward-to http://127.0.0.1:4000/webhooks{server} \\\n  --key {key}\n"
    ));
    say(ink(Ink::Dim, "# make something happen"));
    say(format_args!("{program} trigger {event}{server} \\\n  --key {key}\n"));
}

/// This program as it was called, so that its examples can be pasted.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "posthorn".to_owned())
}

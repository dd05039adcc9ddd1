//! What `posthorn serve` says when it is up: where it is, and in a sandbox what to try.

use anyhow::Context;
use posthorn_core::contract::Contract;
use posthorn_core::secret::Secret;
use posthorn_engine::MerchantDraft;

use crate::cli::out::{Ink, ink, say};
use crate::config::Config;
use crate::wiring::Running;

/// The contract whose merchant the examples use.
const SHOWN: &str = "standard";

pub(super) async fn print(config: &Config, running: &Running) -> anyhow::Result<()> {
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
        sandbox(running).await?;
    }
    Ok(())
}

/// A merchant for each contract that has none yet, with the keys; those of before are only named.
async fn sandbox(running: &Running) -> anyhow::Result<()> {
    let program = program();
    let before = running.engine.merchants();
    let mut shown: Option<(Secret, String)> = None;
    for contract in running.engine.contracts() {
        if before.iter().any(|merchant| merchant.contract == contract.name) {
            continue;
        }
        if shown.is_none() {
            say("A test merchant for each contract:\n");
        }
        let key = create(running, &contract).await?;
        if shown.is_none() || contract.name == SHOWN {
            shown = Some((key, first_event(&contract)));
        }
    }
    if let Some((key, event)) = shown {
        say("");
        examples(&program, running, (key.expose(), &event));
    } else {
        let command = format_args!("{program} merchant list --show-keys{}", server_flag(running));
        say(format_args!("The test merchants' keys: {}\n", ink(Ink::Name, command)));
    }
    Ok(())
}

/// Creates a contract's test merchant and prints its keys; answers the one for the API.
async fn create(running: &Running, contract: &Contract) -> anyhow::Result<Secret> {
    let draft = MerchantDraft {
        name: format!("{} sandbox", contract.title),
        contract: contract.name.clone(),
        reference: None,
        strict_catalogue: false,
        keep_test_keys: true,
    };
    let (merchant, keys) = running.engine.create_merchant(draft, None).await?;
    let keys = keys.context("a merchant that was just made has keys to show")?.test;
    let id = ink(Ink::Dim, merchant.id);
    say(format_args!("  {}  {}  {id}", ink(Ink::Bold, &contract.name), merchant.name));
    say(format_args!("    API key         {}", keys.api_key.expose()));
    say(format_args!("    webhook secret  {}", keys.webhook_secret.expose()));
    Ok(keys.api_key)
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

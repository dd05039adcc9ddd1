//! `posthorn contract lint`: everything that is wrong with contract files, by line.

use std::path::PathBuf;

use anyhow::{Context, bail};
use posthorn_core::contract::{Contract, Fault};

use crate::cli::out::{Ink, ink, say};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  posthorn contract lint contracts/*.toml\n  \
                        posthorn contract show krxscale --toml > acme.toml    # a file to begin with")]
pub(super) struct Args {
    /// Contract files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let mut count = 0;
    for path in &args.files {
        let name = path.display().to_string();
        let source =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let contract = Contract::parse(&name, &source);
        let faults = match &contract {
            Ok(contract) => contract.prove(),
            Err(faults) => faults.clone(),
        };
        count += faults.len();
        match contract {
            Ok(contract) if faults.is_empty() => say(format_args!(
                "{name}: {}  {} events, {} tries, every vector holds",
                ink(Ink::Good, "ok"),
                contract.events.len(),
                contract.retry.tries()
            )),
            Ok(_) | Err(_) => faults.iter().for_each(|fault| show(fault, &source)),
        }
    }
    match count {
        0 => Ok(()),
        1 => bail!("1 fault"),
        _ => bail!("{count} faults"),
    }
}

/// A fault with the line it is about.
fn show(fault: &Fault, source: &str) {
    let place = format!("{}:{}:{}:", fault.file, fault.line, fault.column);
    say(format_args!("{} {}", ink(Ink::Bold, place), fault.what));
    if let Some(line) = source.lines().nth(fault.line.saturating_sub(1)) {
        // A long sample would fill the screen: the neighbourhood is enough.
        let from = fault.column.saturating_sub(60);
        let shown: String = line.chars().skip(from).take(100).collect();
        let caret = " ".repeat(fault.column.saturating_sub(from + 1));
        say(format_args!("{:>5} | {shown}", fault.line));
        say(format_args!("      | {caret}{}", ink(Ink::Bad, "^")));
    }
    if let Some(hint) = &fault.hint {
        say(format_args!("      = {}", ink(Ink::Name, hint)));
    }
}

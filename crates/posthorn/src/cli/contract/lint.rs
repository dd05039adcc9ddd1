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
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
        let source = match String::from_utf8(bytes) {
            Ok(source) => source,
            Err(error) => {
                count += 1;
                show(&no_text(&name, &error), "");
                continue;
            }
        };
        let contract = Contract::parse(&name, &source);
        let faults = match &contract {
            Ok(contract) => contract.prove(),
            Err(faults) => faults.clone(),
        };
        count += faults.len();
        match contract {
            Ok(contract) if faults.is_empty() => say(format_args!(
                "{name}: {}  {}, {}, every vector holds",
                ink(Ink::Good, "ok"),
                counted(contract.events.len(), ("event", "events")),
                counted(contract.retry.tries(), ("try", "tries"))
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

fn counted(count: usize, (one, many): (&str, &str)) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A file that is not UTF-8, by the place of its first byte that is none.
fn no_text(name: &str, error: &std::string::FromUtf8Error) -> Fault {
    let bytes = error.as_bytes();
    let sound = bytes.get(..error.utf8_error().valid_up_to()).unwrap_or_default();
    let text = String::from_utf8_lossy(sound);
    let byte = bytes.get(sound.len()).copied().unwrap_or_default();
    Fault {
        file: name.to_owned(),
        line: text.matches('\n').count() + 1,
        column: text.chars().rev().take_while(|c| *c != '\n').count() + 1,
        what: format!("byte 0x{byte:02x} is not UTF-8"),
        hint: Some("save the file as UTF-8".to_owned()),
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

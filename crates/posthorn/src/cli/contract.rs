//! `posthorn contract`: contracts offline, on standard input and output.

mod lint;
mod listed;
mod sign;
mod verify;

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use posthorn_core::contract::Contract;

use crate::wiring::contracts;

/// List, show, lint, sign and verify contracts, offline
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory with your own contracts, read after the embedded ones
    #[arg(long, value_name = "DIR", env = "POSTHORN_CONTRACTS", global = true)]
    contracts: Option<PathBuf>,

    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// List the contracts
    List(listed::ListArgs),
    /// Show a contract: headers, schedule, catalogue
    Show(listed::ShowArgs),
    /// Say everything that is wrong with contract files, by line, and run their vectors
    Lint(lint::Args),
    /// Render and sign what stands on standard input
    Sign(Box<sign::Args>),
    /// Verify a request whose body stands on standard input
    Verify(verify::Args),
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let dir = args.contracts;
    let known = || Ok::<_, anyhow::Error>(contracts::all(dir.as_deref())?);
    match args.what {
        What::List(args) => {
            listed::list(&args, &known()?);
            Ok(())
        }
        What::Show(args) => listed::show(&args, &named(&args.name, known()?)?),
        What::Lint(args) => lint::run(&args),
        What::Sign(args) => sign::run(&args, &named(&args.contract, known()?)?),
        What::Verify(args) => verify::run(&args, &named(&args.contract, known()?)?),
    }
}

/// The contract of this name; or in this file, where the name is a path.
fn named(name: &str, known: Vec<Contract>) -> anyhow::Result<Contract> {
    let path = Path::new(name);
    if name.contains('/') || path.extension().is_some_and(|extension| extension == "toml") {
        return Ok(contracts::one(path)?);
    }
    // Of two with one name the later is in force.
    let names = known.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join(", ");
    match known.into_iter().rev().find(|contract| contract.name == name) {
        Some(contract) => Ok(contract),
        None => bail!("`{name}` is no contract here; there are {names} (or give a file)"),
    }
}

/// All of standard input.
fn standard_input() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("cannot read standard input")?;
    Ok(bytes)
}

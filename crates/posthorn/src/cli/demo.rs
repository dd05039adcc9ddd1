//! `posthorn demo`: the whole story in one process: a payment per contract, a receiver that first
//! answers 500, the retry, the verified signature, the attempt log.

mod flow;
mod receiver;
mod story;

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use posthorn_core::contract::{Contract, embedded};
use posthorn_engine::clock::{Clock, RealClock};
use posthorn_engine::entropy::Entropy;

use super::api::{Client, Connection};
use super::out::{Ink, go_on_unread, ink, say};
use super::table::grid;
use crate::config;
use crate::wiring::Running;
use receiver::Receiver;
use story::Told;

/// Tell the whole story in one process, and exit
#[derive(clap::Args)]
#[command(
    long_about = "Tell the whole story in one process: a server on a temporary data directory, a merchant and \
                  an endpoint for each contract, a payment as its guide makes one, a receiver that answers 500 at \
                  first, the retry on the sandbox clock, the signature verified, the attempt log. Exits 0 when everything came \
                  out as promised.",
    after_help = "Examples:\n  posthorn demo\n  posthorn demo --contract krxscale"
)]
pub(crate) struct Args {
    /// Only this contract
    #[arg(long, value_name = "NAME")]
    contract: Option<String>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let contracts = chosen(args.contract.as_deref())?;
    go_on_unread();
    let clock = RealClock::new();
    let started = clock.now();
    let folder = Folder::new()?;
    let config = config::for_a_demo(folder.0.join("data"))?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    let running = runtime.block_on(Running::start(&config))?;
    let receiver = runtime.block_on(Receiver::start(contracts.clone()))?;
    say(format_args!(
        "A server listens on {}, a receiver on {}.\n\
         The receiver verifies every signature as a careful integrator would, and answers 500 first.\n",
        ink(Ink::Name, running.url()),
        ink(Ink::Name, receiver.url("")),
    ));
    let told = tell_all(&contracts, &running, &receiver);
    runtime.block_on(async {
        receiver.stop().await;
        running.stop().await;
    });
    let told = told?;
    summary(&told);
    let took = clock.now().duration_since(started);
    say(format_args!(
        "\n{}: every delivery was verified, and retried as its platform promised, in {} ms.",
        ink(Ink::Good, "All is well"),
        took.as_millis()
    ));
    say("Your turn: posthorn serve --sandbox");
    Ok(())
}

fn tell_all(
    contracts: &[Arc<Contract>],
    running: &Running,
    receiver: &Receiver,
) -> anyhow::Result<Vec<Told>> {
    let admin = running.admin_key.as_ref().context("a first start makes an admin key")?;
    let connection = |key: Option<String>| Connection {
        server: running.url(),
        key,
        admin_key: Some(admin.expose().to_owned()),
        json: false,
    };
    let mut told = Vec::new();
    for contract in contracts {
        let as_merchant =
            |key, secret: String| Client::new(&connection(Some(key))).with_secret(secret);
        let operator = Client::new(&connection(None));
        let one = story::tell(contract, (&operator, &as_merchant), receiver);
        told.push(one.with_context(|| format!("the story of {} went wrong", contract.name))?);
    }
    Ok(told)
}

fn summary(told: &[Told]) {
    let rows: Vec<Vec<String>> = told
        .iter()
        .map(|one| {
            vec![
                one.contract.clone(),
                one.event.clone(),
                one.answers.clone(),
                one.waited.clone(),
                format!("{} bytes", one.body_bytes),
                "yes".to_owned(),
            ]
        })
        .collect();
    grid(&["CONTRACT", "EVENT", "ANSWERS", "WAITED", "BODY", "VERIFIED"], &rows);
}

fn chosen(name: Option<&str>) -> anyhow::Result<Vec<Arc<Contract>>> {
    let all = embedded();
    let Some(name) = name else { return Ok(all.to_vec()) };
    let found = all.iter().find(|contract| contract.name == name);
    let Some(found) = found else {
        let names: Vec<&str> = all.iter().map(|contract| contract.name.as_str()).collect();
        bail!("`{name}` is no contract here; choose from {}", names.join(", "));
    };
    Ok(vec![Arc::clone(found)])
}

/// A temporary directory that goes when the story is over.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let name = format!("posthorn-demo-{}", HEXLOWER.encode(&Entropy::system().bytes::<8>()));
        let path = std::env::temp_dir().join(name);
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path: &Path = &self.0;
        let _left_behind_in_the_worst_case = std::fs::remove_dir_all(path);
    }
}

//! `posthorn serve`: the server, from its first line on the screen to its last settled try.

mod welcome;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::logs;
use super::out::{Ink, ink, say};
use crate::config::{self, Config, Flags};
use crate::wiring::Prepared;

/// Start the server
#[derive(clap::Args)]
#[command(
    long_about = "Start the server. Everything it keeps is in its data directory; one server at a time \
                  can use it.\n\nSIGTERM or Ctrl-C stops it: it takes no more requests, finishes what \
                  it is sending or gives it back, and exits with 0. A second signal ends it at once; \
                  nothing that was accepted is lost either way.",
    after_help = "Examples:\n  \
        posthorn serve --sandbox                         a server to try\n  \
        posthorn serve --config /etc/posthorn.toml       as an operator would\n  \
        POSTHORN_ADMIN_KEY=… posthorn serve --listen 0.0.0.0:8080 --data /var/lib/posthorn\n\n\
        Every setting: posthorn config docs"
)]
pub(crate) struct Args {
    #[command(flatten)]
    flags: Flags,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let config = config::load(args.flags)?;
    logs::start(&config.log)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(serve(&config))
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let prepared = Prepared::new(config).await?;
    // Whoever is answered finds them there.
    let made = if config.sandbox { welcome::merchants(prepared.engine()).await? } else { vec![] };
    let mut running = prepared.run();
    welcome::print(config, &running, &made);
    tracing::info!(address = %running.address, data = %config.data.display(), "ready");
    let failed = tokio::select! {
        () = signals.next() => None,
        ended = running.fails() => Some(ended),
    };
    tracing::info!(grace = %posthorn_core::duration::print(config.grace), "stopping");
    say(ink(Ink::Dim, "stopping; a second signal ends at once"));
    tokio::select! {
        () = running.stop() => {}
        () = signals.next() => {
            tracing::warn!("ended at once; what was under way is sent again after the next start");
            std::process::exit(130);
        }
    }
    match failed {
        None => Ok(()),
        Some(ended) => Err(ended.into()),
    }
}

/// The signals that ask a server to stop.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

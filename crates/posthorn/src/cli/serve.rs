//! `posthorn serve`: the server, from its first line on the screen to its last settled try.

mod welcome;

use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::logs;
use super::out::{Ink, go_on_unread, ink, say};
use crate::config::{self, Config, Flags};
use crate::wiring::Prepared;

/// How long a stopped server waits for threads that block.
const LEFT_BEHIND_AFTER: Duration = Duration::from_millis(500);

/// Start the server
#[derive(clap::Args)]
#[command(
    long_about = "Start the server. Everything it keeps is in its data directory, which one server at a \
                  time can use; or, with --database, in a PostgreSQL that any number of servers share.\n\n\
                  SIGTERM or Ctrl-C stops it: it takes no more requests, finishes what \
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
    go_on_unread();
    let runtime = Runtime::new().context("cannot start the async runtime")?;
    to_its_end(runtime, serve(&config))
}

/// Runs the work, and then ends without it what blocks a thread and cannot be called off: a look-up
/// whose name servers do not answer.
fn to_its_end<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LEFT_BEHIND_AFTER);
    done
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
    tracing::info!("stopped");
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_lookup_that_hangs_does_not_hold_up_the_end_of_a_server() {
        let runtime = Runtime::new().unwrap();
        let (answer, hangs) = mpsc::channel::<()>();
        let (ended, ends) = mpsc::channel();
        std::thread::spawn(move || {
            let stopped = to_its_end(runtime, async {
                let (began, begins) = oneshot::channel();
                let lookup = tokio::task::spawn_blocking(move || {
                    began.send(()).unwrap();
                    hangs.recv()
                });
                begins.await.unwrap();
                drop(lookup);
                "stopped"
            });
            ended.send(stopped)
        });
        assert_eq!(ends.recv_timeout(Duration::from_secs(10)), Ok("stopped"));
        drop(answer);
    }
}

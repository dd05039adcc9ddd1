//! `posthorn receiver`: a receiver for whoever tests a sender of webhooks, ours or another: it
//! answers well and prints what comes, or misbehaves as a path or a flag says.

mod acting;
mod behaviour;
mod request;
mod serving;
mod telling;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::out::{remark, say};
use behaviour::{Behaviour, Chosen, GROUPS, Wish, listed};
use serving::{Door, Receiver, Turns};
use telling::Teller;
use tls::{Authority, Flaw, Handshake, TROUBLES};

/// Receive webhooks from any sender, well or in any bad way
#[derive(clap::Args)]
#[command(
    long_about = "Receive webhooks, from Posthorn or from any other sender, and print each. It answers 200; \
                  but a request whose path names one of the behaviours below is answered so. Point a sender at \
                  http://127.0.0.1:4000/hang/body to see what it makes of a body that never ends.\n\n\
                  Only for tests: it does to everybody who connects what the path says.",
    after_help = "Every behaviour: posthorn receiver --help",
    after_long_help = explained()
)]
pub(crate) struct Args {
    /// Where it listens; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4000")]
    listen: SocketAddr,

    /// Speak TLS, with certificates made at the start; each bad way to do so has the next port
    #[arg(long)]
    tls: bool,

    /// Write the certificate that a sender must trust to this file (PEM)
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca: Option<PathBuf>,

    /// What a path does that names no behaviour; of several, requests take one each and keep the last
    #[arg(long, value_name = "HOW", value_parser = wish)]
    misbehave: Vec<Wish>,

    /// Print lines of JSON
    #[arg(long)]
    json: bool,
}

/// A behaviour on the command line.
fn wish(how: &str) -> Result<Wish, String> {
    let wish = Wish::read(how);
    let troubles = || TROUBLES.iter().map(|trouble| trouble.name);
    if wish.behaviour().is_some() || troubles().any(|name| name == wish.path) {
        return Ok(wish);
    }
    let names = listed().map(|one| one.name).chain(troubles());
    let nearest = names.max_by(|one, other| {
        let near = |name| strsim::jaro_winkler(name, &wish.path);
        near(one).total_cmp(&near(other))
    });
    Err(format!("no such behaviour; did you mean `{}`?", nearest.unwrap_or_default()))
}

/// Every behaviour with what it does, for the help and for `GET /`.
fn explained() -> String {
    let row = |name: &str, does: &str| format!("  {name:<25} {does}\n");
    let mut text =
        "Behaviours, as paths (http://127.0.0.1:4000/hang/body) and for --misbehave:\n".to_owned();
    let rows = |all: &mut dyn Iterator<Item = &Behaviour>| -> String {
        all.map(|one| row(one.name, one.does)).collect()
    };
    text.push_str(&rows(&mut listed().take(2)));
    for group in &GROUPS {
        text.extend(["\n", group.title, ":\n", &rows(&mut group.all.iter())]);
    }
    text.push_str("\nIn the handshake (--tls), each on a port of its own:\n");
    text.extend(TROUBLES.iter().map(|trouble| row(trouble.name, trouble.does)));
    text.push_str(
        "\nExamples:\n  \
        posthorn receiver                                     # answers 200, prints what comes\n  \
        posthorn receiver --misbehave 500 --misbehave well    # fails once\n  \
        posthorn receiver --misbehave 'drip/body?ms=50' --json\n  \
        posthorn receiver --tls --ca receiver.pem             # trust receiver.pem in the sender\n  \
curl -d '{}' 'http://127.0.0.1:4000/429?retry-after=120'",
    );
    text
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(serve(args))
}

async fn serve(args: Args) -> anyhow::Result<()> {
    let (handshake, turns) = divided(args.misbehave)?;
    if handshake.is_some() && !args.tls {
        bail!("a behaviour of TLS needs --tls");
    }
    let teller = Teller { json: args.json };
    let receiver = Arc::new(Receiver::new(teller, Turns::new(turns), explained()));
    let mut doors = JoinSet::new();
    for (listener, door) in doors_of(args.listen, (args.tls, args.ca), handshake).await? {
        teller.listening(&door.url, &door.does);
        doors.spawn(serving::accept(Arc::clone(&receiver), listener, door));
    }
    if !args.json {
        say("Behaviours: posthorn receiver --help; Ctrl-C ends\n");
    }
    doors.join_next().await;
    bail!("it cannot accept connections any more")
}

/// What `--misbehave` says about the handshake, and about requests.
fn divided(wishes: Vec<Wish>) -> anyhow::Result<(Option<Handshake>, Vec<Chosen>)> {
    let of_tls = |wish: &Wish| TROUBLES.iter().find(|trouble| trouble.name == wish.path);
    let troubles: Vec<_> = wishes.iter().filter_map(of_tls).collect();
    match *troubles {
        [] => Ok((None, wishes.into_iter().filter_map(Chosen::of).collect())),
        [trouble] if wishes.len() == 1 => Ok((Some(trouble.handshake), Vec::new())),
        _ => bail!("a behaviour of TLS ends each connection, so it stands alone"),
    }
}

/// Opens the port that was asked for, and one for each trouble with TLS.
async fn doors_of(
    at: SocketAddr,
    (tls, ca): (bool, Option<PathBuf>),
    handshake: Option<Handshake>,
) -> anyhow::Result<Vec<(TcpListener, Door)>> {
    if !tls {
        let listener = bound(at).await?;
        let door = Door::plain(&listener)?;
        return Ok(vec![(listener, door)]);
    }
    let authority = Authority::new("throw-away authority of posthorn receiver")?;
    if let Some(file) = ca {
        let shown = file.display();
        std::fs::write(&file, authority.pem()).with_context(|| format!("cannot write {shown}"))?;
        remark(format_args!("the sender must trust the certificate in {shown}"));
    }
    let listener = bound(at).await?;
    let first = handshake.unwrap_or(Handshake::Made(Flaw::Nothing));
    let door = Door::tls(&listener, &authority, (first, "by path"))?;
    let mut next = at.port();
    let mut doors = vec![(listener, door)];
    for trouble in &TROUBLES {
        next = if next == 0 { 0 } else { next.checked_add(1).context("no port is left")? };
        let listener = bound(SocketAddr::new(at.ip(), next)).await?;
        let door = Door::tls(&listener, &authority, (trouble.handshake, trouble.name))?;
        doors.push((listener, door));
    }
    Ok(doors)
}

async fn bound(at: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(at).await.with_context(|| format!("cannot listen on {at}"))
}

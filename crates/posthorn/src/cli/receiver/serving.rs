//! Connections: what each is offered, from the handshake to its last request.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use posthorn_engine::clock::{Clock as _, RealClock};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::acting::{Done, End, act};
use super::behaviour::{Behaviour, Chosen, Say, Then, When, Wish};
use super::request::{Inbox, Request};
use super::telling::{Subject, Teller};
use super::tls::{Authority, Handshake};

/// Connections at once; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 4096;
/// How long nothing is accepted after that went wrong.
const PAUSE: Duration = Duration::from_millis(50);

/// What paths that name no behaviour do, one request after the other.
pub(super) struct Turns(Mutex<Vec<Chosen>>);

impl Turns {
    /// In this order; the last stays.
    pub(super) fn new(mut turns: Vec<Chosen>) -> Self {
        turns.reverse();
        Self(Mutex::new(turns))
    }

    /// The next one, if `fits` says that it is its moment.
    fn next(&self, fits: impl Fn(&Behaviour) -> bool) -> Option<Chosen> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = turns.last().filter(|chosen| fits(&chosen.behaviour))?.clone();
        if turns.len() > 1 {
            turns.pop();
        }
        Some(next)
    }
}

/// What all connections share.
pub(super) struct Receiver {
    teller: Teller,
    turns: Turns,
    explained: String,
    clock: RealClock,
    connections: AtomicU64,
}

impl Receiver {
    /// A receiver that says `explained` to `GET /`.
    pub(super) fn new(teller: Teller, turns: Turns, explained: String) -> Self {
        let (clock, connections) = (RealClock::new(), AtomicU64::new(0));
        Self { teller, turns, explained, clock, connections }
    }
}

/// A port and how it begins.
pub(super) struct Door {
    /// Where it is.
    pub(super) url: String,
    /// What it does, in a word.
    pub(super) does: String,
    entry: Entry,
}

enum Entry {
    Plain,
    Tls(TlsAcceptor),
    Instead(&'static [u8], Then),
}

impl Door {
    /// Without TLS.
    pub(super) fn plain(listener: &TcpListener) -> std::io::Result<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        Ok(Self { url, does: "by path".to_owned(), entry: Entry::Plain })
    }

    /// With TLS, or what is done instead of it.
    pub(super) fn tls(
        listener: &TcpListener,
        authority: &Authority,
        (handshake, does): (Handshake, &str),
    ) -> anyhow::Result<Self> {
        let at = listener.local_addr()?;
        let entry = match handshake {
            Handshake::Made(flaw) => Entry::Tls(authority.acceptor(at.ip(), flaw)?),
            Handshake::Instead(says, then) => Entry::Instead(says, then),
        };
        Ok(Self { url: format!("https://{at}"), does: does.to_owned(), entry })
    }
}

/// Accepts connections for good.
pub(super) async fn accept(receiver: Arc<Receiver>, listener: TcpListener, door: Door) {
    let door = Arc::new(door);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // It died before it was accepted, or there are no more files: then one must end first.
            receiver.clock.sleep(PAUSE).await;
            continue;
        };
        let (receiver, door) = (Arc::clone(&receiver), Arc::clone(&door));
        connections.spawn(async move {
            receiver.enter(stream, &door).await;
            drop(place);
        });
    }
}

impl Receiver {
    async fn enter(&self, stream: TcpStream, door: &Door) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let subject = Subject { connection: number, does: &door.does };
        // A byte that waits for company is not a drip.
        let _as_well_as_may_be = stream.set_nodelay(true);
        match &door.entry {
            Entry::Plain => self.serve(Inbox::new(Box::new(stream)), (number, true)).await,
            Entry::Tls(acceptor) => match acceptor.accept(stream).await {
                Ok(stream) => self.serve(Inbox::new(Box::new(stream)), (number, false)).await,
                Err(error) => self.teller.refused(subject, &error.to_string()),
            },
            Entry::Instead(says, then) => self.instead(stream, (says, *then), subject).await,
        }
    }

    /// What a port does in place of a handshake, once the sender's hello has come.
    async fn instead(
        &self,
        stream: TcpStream,
        (says, then): (&'static [u8], Then),
        subject: Subject<'_>,
    ) {
        let mut inbox = Inbox::new(Box::new(stream));
        let behaviour =
            Behaviour { name: "", does: "", when: When::Head, say: Say::Bytes(says), then };
        let wish = Wish::read("");
        if inbox.something().await.is_some() {
            self.act(&mut inbox, &Chosen { behaviour, wish }, subject).await;
        }
    }

    /// Request after request.
    async fn serve(&self, mut inbox: Inbox, (number, can_peek): (u64, bool)) {
        if self.before_reading(&mut inbox, (number, can_peek)).await != End::Kept {
            return;
        }
        while let Some(mut request) = inbox.head().await {
            let chosen = self.chosen(&request);
            let reads_first = chosen.behaviour.when == When::Whole;
            if reads_first && inbox.body(&mut request).await.is_none() {
                return;
            }
            if self.answer(&mut inbox, &chosen, (number, &request)).await != End::Kept {
                return;
            }
            if !reads_first && inbox.body(&mut request).await.is_none() {
                return;
            }
        }
    }

    /// What is done before anything is read: at once, where `--misbehave` says so; and where a path
    /// does, when the first request has come, which can be looked at if there is no TLS.
    async fn before_reading(&self, inbox: &mut Inbox, (number, can_peek): (u64, bool)) -> End {
        let at_once = |behaviour: &Behaviour| behaviour.when == When::Connected;
        let mut end = None;
        if let Some(chosen) = self.turns.next(at_once) {
            let subject = Subject { connection: number, does: chosen.behaviour.name };
            end = Some(self.act(inbox, &chosen, subject).await);
        } else if can_peek
            && let Some(request) = inbox.peek().await
            && let Some(chosen) = Chosen::of(Wish::read(&request.target))
            && at_once(&chosen.behaviour)
        {
            end = Some(self.answer(inbox, &chosen, (number, &request)).await);
        }
        if end == Some(End::Kept) {
            // It has its answer already.
            let Some(mut request) = inbox.head().await else { return End::HungUp };
            return if inbox.body(&mut request).await.is_some() { End::Kept } else { End::HungUp };
        }
        end.unwrap_or(End::Kept)
    }

    fn chosen(&self, request: &Request) -> Chosen {
        let wish = Wish::read(&request.target);
        if wish.path.is_empty() && request.method == "GET" {
            return Chosen::saying(&self.explained);
        }
        let turn = || self.turns.next(|_| true).unwrap_or_else(Chosen::well);
        Chosen::of(wish).unwrap_or_else(turn)
    }

    async fn answer(
        &self,
        inbox: &mut Inbox,
        chosen: &Chosen,
        (connection, request): (u64, &Request),
    ) -> End {
        let subject = Subject { connection, does: chosen.behaviour.name };
        self.teller.request(self.clock.now(), subject, request);
        self.act(inbox, chosen, subject).await
    }

    async fn act(&self, inbox: &mut Inbox, chosen: &Chosen, subject: Subject<'_>) -> End {
        let began = self.clock.now();
        let done: Done = act(inbox, chosen).await;
        self.teller.ended(subject, done, self.clock.now().duration_since(began));
        done.end
    }
}

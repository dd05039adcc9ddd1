//! An integrator's receiver: verifies what arrives, and has a bad first day.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::extract::{Path, State};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use posthorn_core::contract::{Contract, Tolerance};
use posthorn_engine::clock::{Clock, RealClock};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// How far a timestamp may be from the receiver's clock; what the guides recommend.
const TOLERANCE_S: i64 = 300;

/// A request as it arrived, and the verdict.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    /// The headers, in their order.
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub(super) body: Bytes,
    /// Why it is not genuine, if it is not.
    pub(super) verdict: Result<(), String>,
    /// What was answered.
    pub(super) status: u16,
}

impl Arrived {
    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct Mailbox {
    secret: Option<String>,
    arrived: Vec<Arrived>,
}

struct Shared {
    contracts: Vec<Arc<Contract>>,
    mailboxes: Mutex<HashMap<String, Mailbox>>,
    clock: RealClock,
}

/// A receiver with one path for each contract.
pub(super) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    tasks: JoinSet<()>,
}

impl Receiver {
    /// Listens on a free port of this machine.
    pub(super) async fn start(contracts: Vec<Arc<Contract>>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no free port")?;
        let address = listener.local_addr()?;
        let mailboxes = Mutex::default();
        let shared = Arc::new(Shared { contracts, mailboxes, clock: RealClock::new() });
        let app =
            axum::Router::new().route("/{contract}", post(receive)).with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let stopped = async move { drop(stopped.await) };
            let served = axum::serve(listener, app).with_graceful_shutdown(stopped).await;
            if let Err(error) = served {
                tracing::error!(%error, "the receiver ended");
            }
        });
        Ok(Self { address, shared, stop, tasks })
    }

    /// The URL of a contract's path.
    pub(super) fn url(&self, contract: &str) -> String {
        format!("http://{}/{contract}", self.address)
    }

    /// Tells it the secret that a contract's deliveries are signed with.
    pub(super) fn trust(&self, contract: &str, secret: &str) {
        self.shared.mailbox(contract, |mailbox| mailbox.secret = Some(secret.to_owned()));
    }

    /// What has arrived so far for a contract.
    pub(super) fn arrived(&self, contract: &str) -> Vec<Arrived> {
        self.shared.mailbox(contract, |mailbox| mailbox.arrived.clone())
    }

    /// Ends it.
    pub(super) async fn stop(mut self) {
        let _ended_already = self.stop.send(());
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Shared {
    fn mailbox<T>(&self, contract: &str, look: impl FnOnce(&mut Mailbox) -> T) -> T {
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        look(mailboxes.entry(contract.to_owned()).or_default())
    }

    fn verdict(&self, name: &str, request: (&[(String, String)], &Bytes)) -> Result<(), String> {
        let contract = self.contracts.iter().find(|contract| contract.name == name);
        let contract = contract.ok_or_else(|| format!("nobody expects `{name}` here"))?;
        let secret = self.mailbox(name, |mailbox| mailbox.secret.clone());
        let secret = secret.ok_or_else(|| "no secret is known yet".to_owned())?;
        let clock = Tolerance::new(self.clock.now().as_second(), TOLERANCE_S);
        let (headers, body) = request;
        contract.verify(headers, body, &secret, clock).map_err(|error| error.to_string())
    }
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    Path(contract): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let verdict = shared.verdict(&contract, (&headers, &body));
    shared.mailbox(&contract, |mailbox| {
        let status = match (&verdict, mailbox.arrived.is_empty()) {
            (Err(_), _) => StatusCode::UNAUTHORIZED,
            (Ok(()), true) => StatusCode::INTERNAL_SERVER_ERROR,
            (Ok(()), false) => StatusCode::OK,
        };
        mailbox.arrived.push(Arrived { headers, body, verdict, status: status.as_u16() });
        status
    })
}

//! One Posthorn without a socket, for the properties that ask a whole server. It is made anew now and then, so that what an input leaves behind stays small.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use posthorn_core::contract::{Contract, embedded};
use posthorn_core::secret::{MasterKeys, Secret};
use posthorn_engine::clock::RealClock;
use posthorn_engine::entropy::Entropy;
use posthorn_engine::guard::Guard;
use posthorn_engine::transport::{Answer, Cut, Phases, Transport, Tried};
use posthorn_engine::{Engine, Options, Parts};
use posthorn_server::App;
use posthorn_store::Fault;
use posthorn_store::sqlite::Sqlite;
use prometheus_client::registry::Registry;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tower::ServiceExt;

const ADMIN: &str = "admin_fake_0123456789";
/// How often one server is asked before it is made anew.
const USES_MAX: usize = 500;
/// No request may take longer than this.
const ANSWERED_WITHIN: Duration = Duration::from_secs(20);

/// A running Posthorn and what an input may name in it.
pub(crate) struct Served {
    runtime: Runtime,
    router: Router,
    engine: Engine,
    work: JoinSet<()>,
    /// `$name`s that an input may write, and what they stand for.
    known: Vec<(&'static str, String)>,
    uses: usize,
}

/// An answer, read to its end unless it has none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Asks this thread's server.
pub(crate) fn with(ask: impl FnOnce(&Served)) {
    thread_local! {
        static SERVED: RefCell<Option<Served>> = const { RefCell::new(None) };
    }
    // Taken out while it is asked: after a panic the next input gets a new one.
    let waiting = SERVED.take().filter(|served| served.uses < USES_MAX);
    let mut served = waiting.unwrap_or_else(Served::start);
    served.uses += 1;
    ask(&served);
    SERVED.set(Some(served));
}

impl Served {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let parts = Parts {
            store: Arc::new(Sqlite::inline(Box::new(|_| Fault::None)).expect("a database")),
            clock: Arc::new(RealClock::new()),
            entropy: Arc::new(Entropy::seeded(7)),
            transport: Arc::new(Always200::default()),
            guard: Arc::new(Guard::new(Vec::new(), false)),
            contracts: embedded().iter().map(|one| Contract::clone(one)).collect(),
            master: MasterKeys::new([7; 32], &[]),
            admin_key: Some(Secret::new(ADMIN.into())),
            options: Options::default(),
        };
        let mut registry = Registry::default();
        let started = runtime.block_on(Engine::start(parts, &mut registry));
        let (engine, runner, _) = started.expect("the engine starts");
        let mut work = JoinSet::new();
        work.spawn_on(runner.run(), runtime.handle());
        let app = App::new(engine.clone(), registry, "0.0.0-fuzz");
        let router = posthorn_server::router(app, None);
        let known = vec![("$admin", ADMIN.to_owned())];
        let mut this = Self { runtime, router, engine, work, known, uses: 0 };
        this.populate();
        this
    }

    /// A merchant with two endpoints and an event, each of which has a name.
    fn populate(&mut self) {
        let made = self.made("/v1/merchants", "$admin", r#"{"name":"Loja","contract":"payqi"}"#);
        self.know("$merchant", &made, "/id");
        self.know("$test", &made, "/keys/test/api_key");
        self.know("$live", &made, "/keys/live/api_key");
        let made = self.made("/v1/endpoints", "$test", r#"{"url":"https://example.com/a"}"#);
        self.know("$endpoint", &made, "/id");
        let draft = r#"{"url":"https://example.com/b","events":["payment.*"],"filter":{"a":1}}"#;
        let made = self.made("/v1/endpoints", "$test", draft);
        self.know("$other", &made, "/id");
        let draft = r#"{"type":"payment.completed","data":{"id":"pay_1"}}"#;
        let made = self.made("/v1/events", "$test", draft);
        self.know("$event", &made, "/id");
        self.know("$delivery", &made, "/deliveries/0/id");
        self.populate_platforms();
    }

    /// A merchant of each platform with an API of its own, and a payment of it.
    fn populate_platforms(&mut self) {
        let draft = r#"{"name":"Duka","contract":"sentinelgate"}"#;
        let made = self.made("/v1/merchants", "$admin", draft);
        self.know("$gate", &made, "/keys/test/api_key");
        self.know("$secret", &made, "/keys/test/api_secret");
        let draft = r#"{"name":"Loja","contract":"pagtracker"}"#;
        let made = self.made("/v1/merchants", "$admin", draft);
        self.know("$loja", &made, "/keys/test/api_key");
        let made =
            self.made("/v1/payments", "$loja", r#"{"amount":100,"currency":"BRL","method":"pix"}"#);
        self.know("$payment", &made, "/id");
    }

    fn know(&mut self, name: &'static str, made: &Value, pointer: &str) {
        let value = made.pointer(pointer).and_then(Value::as_str);
        self.known.push((name, value.expect("what was made has it").to_owned()));
    }

    fn made(&self, path: &str, key: &str, body: &str) -> Value {
        let key = self.named(&format!("Bearer {key}"));
        let request = Request::post(path).header("authorization", key);
        let got = self.ask(request.body(Body::from(body.to_owned())).expect("a request"));
        assert!(got.status.is_success(), "{path}: {:?}", got.body);
        serde_json::from_slice(&got.body).expect("JSON")
    }

    /// The engine behind it.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A text with the names in it replaced.
    pub(crate) fn named(&self, text: &str) -> String {
        let all = text.to_owned();
        self.known.iter().fold(all, |text, (name, value)| text.replace(name, value))
    }

    /// Whether it is a key that the server knows.
    pub(crate) fn knows_key(&self, key: &str) -> bool {
        let keys = ["$admin", "$test", "$live", "$gate", "$loja"];
        self.known.iter().any(|(name, value)| keys.contains(name) && value == key)
    }

    /// The answer to a request; the engine goes on meanwhile.
    pub(crate) fn ask(&self, request: Request<Body>) -> Got {
        let answered = async {
            let response = self.router.clone().oneshot(request).await;
            let (parts, body) = response.unwrap_or_else(|never| match never {}).into_parts();
            let kind = parts.headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
            let endless = kind.is_some_and(|kind| kind == b"application/x-ndjson");
            let body = if endless {
                Bytes::new()
            } else {
                axum::body::to_bytes(body, usize::MAX).await.expect("a whole body")
            };
            Got { status: parts.status, headers: parts.headers, body }
        };
        let within = async { tokio::time::timeout(ANSWERED_WITHIN, answered).await };
        let got = self.runtime.block_on(within).expect("an answer in time");
        assert!(!self.work.is_empty(), "the engine's work ended");
        got
    }
}

/// A receiver that takes everything.
#[derive(Default)]
struct Always200(Cut);

impl Transport for Always200 {
    fn send(&self, _: posthorn_engine::transport::Request) -> BoxFuture<'static, Tried> {
        let answer =
            Answer { status: 200, headers: Vec::new(), body: Bytes::new(), truncated: false };
        let tried = Tried { result: Ok(answer), phases: Phases::default(), peer: None };
        futures::future::ready(tried).boxed()
    }

    fn cut_off(&self) {
        self.0.make();
    }
}

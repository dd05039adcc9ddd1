//! One Posthorn without a socket: its router, its engine at work, its merchant.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, Method, Request, StatusCode};
use posthorn_core::contract::{Contract, embedded};
use posthorn_core::secret::{MasterKeys, Secret};
use posthorn_engine::clock::{Clock, RealClock};
use posthorn_engine::entropy::Entropy;
use posthorn_engine::guard::Guard;
use posthorn_engine::{Engine, Options, Parts};
use posthorn_server::App;
use posthorn_store::Fault;
use posthorn_store::FaultPoint;
use posthorn_store::sqlite::Sqlite;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::clock::ManualClock;
use crate::receiver::Receiver;
use crate::shown::shown;

/// The operator's key.
pub(crate) const ADMIN: &str = "admin_fake_0123456789";
/// How often a test looks before it gives up: each look lets everything else run.
const LOOKS_MAX: usize = 10_000;

/// One Posthorn, with a merchant who speaks PayQI.
pub(crate) struct TestApp {
    pub(crate) router: Router,
    pub(crate) app: App,
    pub(crate) store: Arc<Sqlite>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) receiver: Arc<Receiver>,
    /// While true, the database fails every write.
    pub(crate) database_fails: Arc<AtomicBool>,
    /// Writes until the database fails, unless it is told to before.
    pub(crate) writes_left: Arc<AtomicU32>,
    pub(crate) merchant: String,
    pub(crate) test: String,
    pub(crate) live: String,
    pub(crate) work: JoinSet<()>,
}

/// An answer.
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The status and the body, as snapshots show them.
    pub(crate) fn shown(&self) -> Value {
        json!({"status": self.status.as_u16(), "body": shown(&self.json())})
    }

    /// The body's member at a path of names and positions.
    pub(crate) fn at(&self, pointer: &str) -> String {
        let value = self.json();
        match value.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => panic!("nothing at {pointer} of {}", self.text),
        }
    }

    /// A problem's code, field and detail.
    pub(crate) fn problem(&self) -> String {
        let value = self.json();
        let text = |name: &str| value[name].as_str().unwrap_or("-").to_owned();
        let kind = self.header("content-type");
        assert_eq!(kind, "application/problem+json", "{}", self.text);
        assert_eq!(value["status"], self.status.as_u16());
        assert_eq!(value["request_id"], self.header("x-request-id"));
        format!("{} {} [{}] {}", self.status.as_u16(), text("code"), text("field"), text("detail"))
    }

    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default().to_owned()
    }
}

impl TestApp {
    /// A clock that stands still.
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(ManualClock::new());
        Self::with(clock.clone(), clock, Options::default()).await
    }

    /// The same, with other bounds.
    pub(crate) async fn bounded(options: Options) -> Self {
        let clock = Arc::new(ManualClock::new());
        Self::with(clock.clone(), clock, options).await
    }

    /// Time that passes.
    pub(crate) async fn in_real_time() -> Self {
        Self::in_real_time_with(Options::default()).await
    }

    /// The same, with an engine that is set otherwise.
    pub(crate) async fn in_real_time_with(options: Options) -> Self {
        let clock = Arc::new(ManualClock::new());
        Self::with(Arc::new(RealClock::new()), clock, options).await
    }

    async fn with(time: Arc<dyn Clock>, clock: Arc<ManualClock>, options: Options) -> Self {
        let receiver = Arc::new(Receiver::default());
        let database_fails = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&database_fails);
        let writes_left = Arc::new(AtomicU32::new(u32::MAX));
        let left = Arc::clone(&writes_left);
        let fault = move |point| {
            let less = |left: u32| left.checked_sub(u32::from(point == FaultPoint::BeforeBegin));
            let used_up = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_err();
            if used_up || fails.load(Ordering::Relaxed) { Fault::Fail } else { Fault::None }
        };
        let store = Arc::new(Sqlite::inline(Box::new(fault)).unwrap());
        let parts = Parts {
            store: store.clone(),
            clock: time,
            entropy: Arc::new(Entropy::seeded(7)),
            transport: receiver.clone(),
            guard: Arc::new(Guard::new(Vec::new(), false)),
            contracts: embedded().iter().map(|one| Contract::clone(one)).collect(),
            master: MasterKeys::new([7; 32], &[]),
            admin_key: Some(Secret::new(ADMIN.into())),
            options,
        };
        let mut registry = Registry::default();
        let (engine, runner, _) = Engine::start(parts, &mut registry).await.unwrap();
        let mut work = JoinSet::new();
        work.spawn(runner.run());
        let app = App::new(engine, registry, "0.0.0-test");
        let router = posthorn_server::router(app.clone(), None);
        let [merchant, test, live] = [const { String::new() }; 3];
        let mut this = Self {
            router,
            app,
            store,
            clock,
            receiver,
            database_fails,
            writes_left,
            merchant,
            test,
            live,
            work,
        };
        let made = this.merchant(&json!({"name": "Loja", "contract": "payqi"})).await;
        this.merchant = made.at("/id");
        this.test = made.at("/keys/test/api_key");
        this.live = made.at("/keys/live/api_key");
        this
    }

    /// The same, with a platform's own API at the root.
    pub(crate) fn at_root(mut self, contract: &str) -> Self {
        let root = posthorn_server::Root::of(contract).unwrap();
        self.router = posthorn_server::router(self.app.clone(), Some(root));
        self
    }

    /// Creates a merchant.
    pub(crate) async fn merchant(&self, draft: &Value) -> Got {
        self.call(Method::POST, "/v1/merchants").key(ADMIN).json(draft).await
    }

    /// A request with the merchant's test key.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call {
            router: self.router.clone(),
            request: Request::builder().method(method).uri(path),
            key: Some(self.test.clone()),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.call(Method::GET, path).send(Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Got {
        self.call(Method::POST, path).json(body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Got {
        self.call(Method::PATCH, path).json(body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Got {
        self.call(Method::DELETE, path).send(Body::empty()).await
    }

    /// Creates an endpoint and answers its id.
    pub(crate) async fn endpoint(&self, draft: &Value) -> String {
        let mut draft = draft.clone();
        if draft.get("url").is_none() {
            draft["url"] = "https://example.com/webhooks".into();
        }
        let made = self.post("/v1/endpoints", &draft).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
        made.at("/id")
    }

    /// Sends an event and answers the id of its only delivery.
    pub(crate) async fn delivery(&self) -> String {
        let event = json!({"type": "payment.completed", "data": {"id": "pay_1"}});
        let sent = self.post("/v1/events", &event).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.text);
        sent.at("/deliveries/0/id")
    }

    /// Lets everything go on that needs no time.
    pub(crate) async fn settle_down(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Looks at a path until it says what it should.
    pub(crate) async fn until(&self, path: &str, holds: impl Fn(&Value) -> bool) -> Got {
        for _ in 0..LOOKS_MAX {
            let got = self.get(path).await;
            if holds(&got.json()) {
                return got;
            }
            tokio::task::yield_now().await;
        }
        panic!("{path} never said what it should: {}", self.get(path).await.text);
    }

    /// Looks at a delivery until it is in a state.
    pub(crate) async fn until_state(&self, delivery: &str, state: &str) -> Got {
        self.until(&format!("/v1/deliveries/{delivery}"), |value| value["state"] == state).await
    }
}

/// A request in the making.
pub(crate) struct Call {
    router: Router,
    request: http::request::Builder,
    key: Option<String>,
}

impl Call {
    pub(crate) fn key(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    pub(crate) fn no_key(self) -> Self {
        Self { key: None, ..self }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// The same from another address than nowhere.
    pub(crate) fn from(self, peer: &str) -> Self {
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        Self { request: self.request.extension(ConnectInfo(peer)), ..self }
    }

    pub(crate) async fn json(self, body: &Value) -> Got {
        self.send(Body::from(body.to_string())).await
    }

    pub(crate) async fn send(self, body: Body) -> Got {
        let (parts, body) = self.start(body).await.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Got { status: parts.status, headers: parts.headers, text }
    }

    /// Sends, and answers before the body is read.
    pub(crate) async fn start(self, body: Body) -> http::Response<Body> {
        let mut request = self.request;
        if let Some(key) = self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        self.router.oneshot(request.body(body).unwrap()).await.unwrap()
    }
}

//! Receivers that answer as they are told, and remember what they got.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{BoxFuture, Shared};
use posthorn_engine::transport::{
    Answer, Cut, ErrorClass, Phases, Request, Transport, Tried, Unreachable,
};

/// Answers 200 and `ok` until it is told otherwise.
#[derive(Default)]
pub(crate) struct Receiver {
    script: Mutex<VecDeque<Result<Answer, Unreachable>>>,
    got: Mutex<Vec<Request>>,
    /// While true, nothing that comes in is ever answered.
    pub(crate) silent: AtomicBool,
    /// While set, this host never answers.
    pub(crate) silent_host: Mutex<Option<&'static str>>,
    gate: Mutex<Option<Shared<oneshot::Receiver<()>>>>,
    cut: Cut,
}

impl Receiver {
    /// The next requests are answered with these statuses.
    pub(crate) fn answers(&self, statuses: &[u16]) {
        for status in statuses {
            self.answers_with(Ok(answer(*status, b"ok")));
        }
    }

    /// The next request is answered so.
    pub(crate) fn answers_with(&self, result: Result<Answer, Unreachable>) {
        self.script.lock().unwrap().push_back(result);
    }

    /// What comes in from now on is answered when the sender is dropped.
    pub(crate) fn hold(&self) -> oneshot::Sender<()> {
        let (sender, receiver) = oneshot::channel();
        *self.gate.lock().unwrap() = Some(receiver.shared());
        sender
    }

    /// What came in so far.
    /// Where what came was sent to.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.got().iter().map(|request| request.url.to_string()).collect()
    }

    pub(crate) fn got(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }
}

pub(crate) fn answer(status: u16, body: &'static [u8]) -> Answer {
    let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
    Answer { status, headers, body: Bytes::from_static(body), truncated: false }
}

fn stopped() -> Tried {
    let result = Err(Unreachable::new(ErrorClass::Stopped, "stopped"));
    Tried { result, phases: Phases::default(), peer: None }
}

impl Transport for Receiver {
    fn send(&self, request: Request) -> BoxFuture<'static, Tried> {
        let silent_host = *self.silent_host.lock().unwrap();
        let silent = silent_host.is_some() && request.url.host_str() == silent_host;
        self.got.lock().unwrap().push(request);
        let cut = self.cut.made();
        if silent || self.silent.load(Ordering::Relaxed) {
            return cut.map(|()| stopped()).boxed();
        }
        let next = self.script.lock().unwrap().pop_front();
        let phases = Phases {
            dns_us: Some(1_000),
            connect_us: Some(2_000),
            tls_us: None,
            headers_us: Some(30_500),
            body_us: Some(500),
        };
        let result = next.unwrap_or_else(|| Ok(answer(200, b"ok")));
        let peer = Some("203.0.113.7".parse().unwrap());
        let gate = self.gate.lock().unwrap().clone();
        async move {
            if let Some(gate) = gate {
                tokio::select! {
                    biased;
                    _ = gate => {}
                    () = cut => return stopped(),
                }
            }
            Tried { result, phases, peer }
        }
        .boxed()
    }

    fn cut_off(&self) {
        self.cut.make();
    }
}

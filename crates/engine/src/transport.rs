//! The seam to the world's HTTP: one request out, and what came of it.
//!
//! Everything is a value, so that the simulator's scripted receivers and the real client
//! ([`crate::http::HttpTransport`]) are driven by the same dispatcher and judged by the same lines
//! of `posthorn_core::attempt`.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::watch;
use url::Url;

pub use posthorn_core::attempt::{Answer, ErrorClass, Phases, Tried, Unreachable};

/// Sends one request and reports what happened; it never fails as a whole.
pub trait Transport: Send + Sync {
    /// POSTs `request`, follows no redirect, and answers within `request.timeout`.
    ///
    /// Delivery is at least once: a request may have been received although the result is
    /// [`Unreachable`]. Dropping the future closes the connection that it used.
    fn send(&self, request: Request) -> BoxFuture<'static, Tried>;

    /// Ends what is being sent, and from now on all that is to be sent, at once: with what came of it
    /// if that is known, with [`ErrorClass::Stopped`] if not.
    fn cut_off(&self);

    /// Closes connections that have waited too long for their next try. Sending does it now and
    /// then by itself; the engine calls it too, so that it happens in silence as well.
    fn expire_idle(&self) {}
}

/// Ends all that waits for it, one time and for good: how a [`Transport`] is cut off.
#[derive(Debug, Default)]
pub struct Cut(watch::Sender<bool>);

impl Cut {
    /// Now.
    pub fn make(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was made.
    #[must_use]
    pub fn is_made(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready when it is made.
    pub fn made(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut told = self.0.subscribe();
        async move {
            // Whoever could make it being gone is the end too.
            let _gone = told.wait_for(|made| *made).await;
        }
    }
}

/// One try, ready to go: rendered, signed and bounded.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where to; a fragment is ignored.
    pub url: Url,
    /// What the contract and the endpoint's settings ask for, in order. `Host`, `Content-Length`
    /// and everything about the connection belong to the transport and are refused here.
    pub headers: Vec<(String, String)>,
    /// The signed bytes.
    pub body: Bytes,
    /// For DNS, connect, TLS, headers and body together.
    pub timeout: Duration,
    /// Which addresses may be connected to.
    pub reach: Reach,
}

/// Which part of the network a request may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// The public internet, over https, and what the operator listed.
    Public,
    /// Test mode of a `--sandbox` server: http, loopback and private addresses too.
    Sandbox,
}

//! The real [`Transport`]: HTTP/1.1 over TCP and TLS, to vetted addresses only.
//!
//! One future per try does everything: it takes a kept-alive connection or dials a new one, drives
//! it, and gives it back. No task is spawned and nothing runs between tries, so dropping the
//! transport closes every connection, and dropping a try closes its own. One deadline covers DNS,
//! connect, TLS, headers and body. Redirects are never followed, and nothing is decompressed.

mod dial;
mod egress;
mod fault;
mod link;
mod lookups;
mod outgoing;
mod pool;
mod resolve;
mod roots;
mod tls;
mod watch;
mod wire;

use std::sync::Arc;

use futures::future::BoxFuture;
use rustls::pki_types::CertificateDer;
use url::Position;

use crate::guard::Guard;
use crate::transport::{Answer, Cut, ErrorClass, Request, Transport, Tried, Unreachable};
use dial::{Dialler, refused};
use link::Link;
use outgoing::outgoing;
use pool::Pool;
use watch::Watch;

pub use egress::{BadEgress, Egress};
pub use lookups::Lookups;
pub use pool::IdleLimits;
pub use resolve::{Resolve, Script};
pub use roots::{BadPem, Root, roots_from_pem};
pub use tls::BadRoot;
pub(crate) use tls::trusted_roots;

/// What an [`HttpTransport`] is made of.
#[derive(Debug)]
pub struct HttpSettings {
    /// Which URLs and addresses may be reached.
    pub guard: Guard,
    /// Where addresses come from.
    pub resolve: Resolve,
    /// Roots that are trusted beside Mozilla's.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// How many connections wait for their next try, and how long.
    pub idle: IdleLimits,
    /// Which of this machine's addresses they leave from.
    pub egress: Egress,
}

impl HttpSettings {
    /// `guard`, the system's resolver, Mozilla's roots alone and the default limits.
    #[must_use]
    pub fn new(guard: Guard) -> Self {
        let resolve = Resolve::system();
        let (idle, egress) = (IdleLimits::default(), Egress::default());
        Self { guard, resolve, extra_roots: Vec::new(), idle, egress }
    }
}

/// The client that delivers. Cheap to share behind an `Arc<dyn Transport>`.
#[derive(Debug)]
pub struct HttpTransport {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dialler: Dialler,
    pool: Pool,
    cut: Cut,
}

impl HttpTransport {
    /// A transport with no connection yet. Fails only on an unusable extra root.
    pub fn new(settings: HttpSettings) -> Result<Self, BadRoot> {
        let trust = tls::trust(&settings.extra_roots)?;
        let HttpSettings { guard, resolve, idle, egress, .. } = settings;
        let dialler = Dialler { guard, resolve, trust, egress };
        let pool = Pool::new(idle);
        Ok(Self { inner: Arc::new(Inner { dialler, pool, cut: Cut::default() }) })
    }

    /// How many connections wait for their next try; for metrics.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.inner.pool.len()
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'static, Tried> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move { inner.tried(&request).await })
    }

    fn cut_off(&self) {
        self.inner.cut.make();
    }

    fn expire_idle(&self) {
        self.inner.pool.expire();
    }
}

impl Inner {
    async fn tried(&self, request: &Request) -> Tried {
        let mut watch = Watch::new(request.timeout);
        if self.cut.is_made() {
            return Tried { result: Err(watch.cut_off()), phases: watch.stop(), peer: None };
        }
        let answer = self.answer(request, &mut watch);
        let mut result = tokio::select! {
            biased;
            answer = tokio::time::timeout(request.timeout, answer) => {
                answer.unwrap_or_else(|_| Err(watch.timed_out()))
            }
            () = self.cut.made() => Err(watch.cut_off()),
        };
        if let Err(unreachable) = &mut result {
            unreachable.partial = watch.take_answer(true).map(Box::new);
        }
        Tried { result, phases: watch.stop(), peer: watch.peer }
    }

    async fn answer(&self, request: &Request, watch: &mut Watch) -> Result<Answer, Unreachable> {
        let url = &request.url;
        self.dialler.guard.url(url, request.reach).map_err(|why| refused(&why))?;
        if let Some(link) = self.waiting(request) {
            match self.exchange(link, request, watch).await {
                Ok(answer) => return Ok(answer),
                Err((error, may_retry)) if !may_retry => return Err(error),
                Err(_) => {}
            }
        }
        let carrier = self.dialler.dial(url, request.reach, watch).await?;
        let peer = watch.peer.ok_or_else(|| watch.timed_out())?;
        let link = Link::new(carrier, peer).await?;
        self.exchange(link, request, watch).await.map_err(|(error, _)| error)
    }

    /// A kept-alive connection that is still open.
    fn waiting(&self, request: &Request) -> Option<Box<Link>> {
        let origin = &request.url[..Position::BeforePath];
        loop {
            let mut link = self.pool.take(request.reach, origin)?;
            if link.is_live() {
                return Some(link);
            }
        }
    }

    /// One exchange; the connection is kept if it is fit for another. An error comes with whether
    /// the request may be sent once more on a new connection: the receiver closed this one without
    /// a byte of an answer. On a *reused* connection that is how a server's idle timeout looks when
    /// it crosses our request, and RFC 9110 section 9.2.2 lets a client repeat what it knows to be
    /// safe to repeat: delivery is at least once, and the event id is the same.
    async fn exchange(
        &self,
        mut link: Box<Link>,
        request: &Request,
        watch: &mut Watch,
    ) -> Result<Answer, (Unreachable, bool)> {
        let outgoing = outgoing(request).map_err(|error| (error, false))?;
        watch.peer = Some(link.peer);
        match link.exchange(outgoing, watch).await {
            Ok(answer) => {
                if !answer.truncated && link.is_live() {
                    let origin = &request.url[..Position::BeforePath];
                    self.pool.keep(request.reach, origin, link);
                }
                Ok(answer)
            }
            Err(error) => {
                let is_closed = matches!(error.class, ErrorClass::Reset | ErrorClass::Protocol);
                let may_retry = is_closed && link.is_untouched();
                Err((error, may_retry))
            }
        }
    }
}

//! TLS: whose certificate is believed, and what a refused handshake is called.

use std::sync::Arc;

use posthorn_engine::guard::Guard;
use posthorn_engine::http::{HttpSettings, HttpTransport};
use posthorn_engine::transport::{ErrorClass, Transport as _, Tried};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::receiver::{
    OK, PATIENT, Peer, Receiver, answer, request, resolving, transport_with, unreachable,
};

/// A certificate authority of this test alone.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(params, key).expect("a root") }
    }

    fn root(&self) -> CertificateDer<'static> {
        self.issuer.der().clone()
    }

    /// A server for `name`, whose certificate `change` may spoil.
    fn acceptor(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> TlsAcceptor {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring supports them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("key and certificate fit");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// Runs `script` inside TLS; a failed handshake ends the connection.
async fn receiver<F>(
    acceptor: TlsAcceptor,
    script: impl Fn(Peer) -> F + Clone + Send + Sync + 'static,
) -> Receiver
where
    F: Future<Output = ()> + Send + 'static,
{
    Receiver::start(move |peer| {
        let (acceptor, script) = (acceptor.clone(), script.clone());
        async move {
            let (stream, peer) = peer.into_stream();
            if let Ok(stream) = acceptor.accept(stream).await {
                let (_, session) = stream.get_ref();
                assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
                script(peer.over(Box::new(stream))).await;
            }
        }
    })
    .await
}

async fn answering(acceptor: TlsAcceptor) -> Receiver {
    receiver(acceptor, |mut peer| async move {
        while peer.request().await {
            peer.say(OK).await.expect("the client is there");
        }
    })
    .await
}

fn trusting(roots: Vec<CertificateDer<'static>>) -> HttpTransport {
    transport_with(|settings| {
        settings.extra_roots = roots;
        settings.resolve = resolving(&["127.0.0.1"]);
    })
}

async fn send(transport: &HttpTransport, receiver: &Receiver, host: &str) -> Tried {
    let url = format!("https://{host}:{}/", receiver.at.port());
    transport.send(request(&url, PATIENT)).await
}

#[tokio::test]
async fn a_certificate_of_an_extra_root_is_believed_and_the_connection_is_kept() {
    let authority = Authority::new();
    let receiver = answering(authority.acceptor("hooks.example", |_| {})).await;
    let transport = trusting(vec![authority.root()]);
    let tried = send(&transport, &receiver, "hooks.example").await;
    let phases = tried.phases;
    assert!(phases.dns_us.is_some() && phases.connect_us.is_some() && phases.tls_us.is_some());
    assert_eq!(answer(tried).body, "ok");
    let tried = send(&transport, &receiver, "hooks.example").await;
    assert_eq!(tried.phases.tls_us, None);
    assert_eq!(answer(tried).body, "ok");
    assert_eq!(receiver.connections(), 1);
}

#[tokio::test]
async fn a_certificate_for_an_address_is_believed() {
    let authority = Authority::new();
    let receiver = answering(authority.acceptor("127.0.0.1", |_| {})).await;
    let tried = send(&trusting(vec![authority.root()]), &receiver, "127.0.0.1").await;
    assert_eq!(answer(tried).body, "ok");
}

#[tokio::test]
async fn an_unknown_issuer_is_refused() {
    let receiver = answering(Authority::new().acceptor("hooks.example", |_| {})).await;
    let tried = send(&trusting(Vec::new()), &receiver, "hooks.example").await;
    let detail = unreachable(&tried, ErrorClass::Tls);
    assert!(detail.contains("self-signed or its issuer is unknown"), "{detail}");
    assert!(tried.phases.tls_us.is_some() && tried.phases.headers_us.is_none());
    assert_eq!(receiver.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let receiver = answering(authority.acceptor("other.example", |_| {})).await;
    let tried = send(&trusting(vec![authority.root()]), &receiver, "hooks.example").await;
    let detail = unreachable(&tried, ErrorClass::Tls);
    assert!(detail.contains("is not for host `hooks.example`"), "{detail}");
}

#[tokio::test]
async fn of_a_certificate_for_a_thousand_hosts_some_are_named() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("other.example", |params| {
        let names = (0..1_000).map(|n| format!("host-{n}.other.example").try_into());
        let names = names.map(|name| SanType::DnsName(name.expect("a name")));
        params.subject_alt_names = names.collect();
    });
    let receiver = answering(acceptor).await;
    let tried = send(&trusting(vec![authority.root()]), &receiver, "hooks.example").await;
    let detail = unreachable(&tried, ErrorClass::Tls);
    assert!(detail.contains("host-4.other.example") && detail.ends_with("995 more)"), "{detail}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("hooks.example", |params| {
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
    });
    let receiver = answering(acceptor).await;
    let tried = send(&trusting(vec![authority.root()]), &receiver, "hooks.example").await;
    let detail = unreachable(&tried, ErrorClass::Tls);
    assert!(
        detail.contains("has expired; renew it (it was valid until 2020-01-01T00:00:00Z)"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_certificate_of_the_future_is_refused() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("hooks.example", |params| {
        params.not_before = date_time_ymd(2999, 1, 1);
        params.not_after = date_time_ymd(3000, 1, 1);
    });
    let receiver = answering(acceptor).await;
    let tried = send(&trusting(vec![authority.root()]), &receiver, "hooks.example").await;
    let detail = unreachable(&tried, ErrorClass::Tls);
    assert!(detail.contains("not valid yet (it will be from 2999-01-01T00:00:00Z)"), "{detail}");
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_a_tls_error_that_says_so() {
    let receiver = Receiver::start(|mut peer| async move {
        peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("the client is there");
        peer.hang().await;
    })
    .await;
    let tried = send(&trusting(Vec::new()), &receiver, "hooks.example").await;
    let detail = unreachable(&tried, ErrorClass::Tls);
    assert!(detail.contains("does not speak TLS"), "{detail}");
}

#[tokio::test]
async fn a_close_in_the_handshake_is_a_tls_error() {
    let receiver = Receiver::start(|peer| async move { drop(peer) }).await;
    let tried = send(&trusting(Vec::new()), &receiver, "hooks.example").await;
    unreachable(&tried, ErrorClass::Tls);
}

#[tokio::test]
async fn an_answer_of_unknown_length_ends_with_or_without_a_tls_farewell() {
    let authority = Authority::new();
    for says_farewell in [true, false] {
        let acceptor = authority.acceptor("hooks.example", |_| {});
        let receiver = receiver(acceptor, move |mut peer| async move {
            peer.request().await;
            peer.say(b"HTTP/1.0 200 OK\r\n\r\nwhole").await.expect("the client is there");
            if says_farewell {
                peer.farewell().await;
            }
        })
        .await;
        let tried = send(&trusting(vec![authority.root()]), &receiver, "hooks.example").await;
        assert_eq!(answer(tried).body, "whole");
    }
}

#[tokio::test]
async fn an_answer_of_known_length_that_is_cut_off_is_a_reset_under_tls_too() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("hooks.example", |_| {});
    let receiver = receiver(acceptor, |mut peer| async move {
        peer.request().await;
        peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.expect("the client");
    })
    .await;
    let tried = send(&trusting(vec![authority.root()]), &receiver, "hooks.example").await;
    unreachable(&tried, ErrorClass::Reset);
}

#[test]
fn a_root_that_is_no_certificate_is_refused_with_its_place() {
    let mut settings = HttpSettings::new(Guard::default());
    settings.extra_roots = vec![Authority::new().root(), CertificateDer::from(vec![1, 2, 3])];
    let error = HttpTransport::new(settings).expect_err("not a certificate");
    assert!(error.to_string().contains("number 2"), "{error}");
}

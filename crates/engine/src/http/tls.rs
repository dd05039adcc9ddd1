//! TLS: whom we trust, and what a failed handshake is called.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use crate::transport::{ErrorClass, Unreachable};

/// A root certificate that cannot be used, or a TLS library that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error(
    "extra root certificate number {number} cannot be used: {why}; give it as an X.509 CA \
     certificate"
)]
pub struct BadRoot {
    /// Its place among the extra roots, counted from 1.
    pub number: usize,
    /// What is wrong with it.
    pub why: Error,
}

/// Mozilla's roots and `extra`.
pub(crate) fn trusted_roots(extra: &[CertificateDer<'static>]) -> Result<RootCertStore, BadRoot> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    for (index, root) in extra.iter().enumerate() {
        roots.add(root.clone()).map_err(|why| BadRoot { number: index + 1, why })?;
    }
    Ok(roots)
}

/// A client that trusts Mozilla's roots and `extra`, and speaks HTTP/1.1 only.
pub(super) fn trust(extra: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, BadRoot> {
    let roots = trusted_roots(extra)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the protocol versions that rustls calls safe")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// How many of a certificate's names are told.
const NAMES_SHOWN_MAX: usize = 5;

/// The handshake, with the certificate checked against `host`.
pub(super) async fn handshake(
    trust: &Arc<ClientConfig>,
    host: &Host<&str>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Unreachable> {
    let name = match host {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            ServerName::try_from(name.to_owned())
                .map_err(|_| failed("the host name cannot be one of a certificate"))?
        }
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(*address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(*address)),
    };
    let connector = TlsConnector::from(Arc::clone(trust));
    connector.connect(name, stream).await.map_err(|error| failed(&wording(&error, host)))
}

fn failed(why: &str) -> Unreachable {
    Unreachable::new(ErrorClass::Tls, format!("TLS handshake failed: {why}"))
}

/// What the integrator should read: the cause, and what to change at the receiver.
fn wording(error: &io::Error, host: &Host<&str>) -> String {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return if error.kind() == io::ErrorKind::UnexpectedEof {
            "the receiver closed the connection".to_owned()
        } else {
            format!("the connection failed ({error})")
        };
    };
    if let Error::InvalidCertificate(certificate) = error {
        certificate_wording(certificate, host)
    } else if let Error::InvalidMessage(_) = error {
        "the receiver does not speak TLS on this port".to_owned()
    } else if let Error::AlertReceived(alert) = error {
        format!("the receiver refused with alert {alert:?}")
    } else if let Error::PeerIncompatible(why) = error {
        format!("no common protocol or cipher ({why:?})")
    } else {
        error.to_string()
    }
}

fn certificate_wording(error: &CertificateError, host: &Host<&str>) -> String {
    use CertificateError as Bad;
    let date = |at: &UnixTime| {
        let at = i64::try_from(at.as_secs()).ok().and_then(|at| Timestamp::from_second(at).ok());
        at.map_or_else(|| "a time past all calendars".to_owned(), |at| at.to_string())
    };
    let what = if let Bad::ExpiredContext { not_after, .. } = error {
        format!("has expired; renew it (it was valid until {})", date(not_after))
    } else if let Bad::NotValidYetContext { not_before, .. } = error {
        format!("is not valid yet (it will be from {})", date(not_before))
    } else if let Bad::NotValidForNameContext { presented, .. } = error {
        format!("is not for host `{host}` ({})", names(presented))
    } else if matches!(error, Bad::UnknownIssuer) {
        "is self-signed or its issuer is unknown; send the whole chain from a public authority"
            .to_owned()
    } else {
        format!("is not acceptable ({error})")
    };
    format!("the certificate {what}")
}

/// Whom a certificate is for, as far as it can be read at a glance. rustls names each with its kind, as
/// in `DnsName("a.example")`.
fn names(presented: &[String]) -> String {
    let bare = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
    let shown: Vec<String> = presented.iter().take(NAMES_SHOWN_MAX).map(bare).collect();
    match presented.len() - shown.len() {
        _ if shown.is_empty() => "it is for no host".to_owned(),
        0 => format!("it is for {}", shown.join(", ")),
        more => format!("it is for {} and {more} more", shown.join(", ")),
    }
}

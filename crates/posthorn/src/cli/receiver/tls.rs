//! The receiver's end of TLS: a certificate that is good, and every kind that is not.
//!
//! The authority is made at the start and forgotten at the end; its certificate is all that a sender
//! needs to trust it.

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::behaviour::Then;

/// What is wrong with a certificate or the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    Nothing,
    Expired,
    NotYet,
    WrongHost,
    SelfSigned,
    UnknownAuthority,
    NoIntermediate,
    ManyNames,
    OnlyHttp2,
}

/// How a TLS port behaves before a request can be read.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handshake {
    /// It is made, with this certificate.
    Made(Flaw),
    /// The sender's hello is read; then this is said and done instead.
    Instead(&'static [u8], Then),
}

/// A way to do TLS wrong.
pub(super) struct Trouble {
    /// Its name.
    pub(super) name: &'static str,
    /// What it does, in a line.
    pub(super) does: &'static str,
    /// What that is.
    pub(super) handshake: Handshake,
}

const fn certificate(name: &'static str, does: &'static str, flaw: Flaw) -> Trouble {
    Trouble { name, does, handshake: Handshake::Made(flaw) }
}

const fn instead(
    name: &'static str,
    does: &'static str,
    says: &'static [u8],
    then: Then,
) -> Trouble {
    Trouble { name, does, handshake: Handshake::Instead(says, then) }
}

/// Every way, in the order in which they are listed.
pub(super) static TROUBLES: [Trouble; 14] = [
    certificate("tls/expired", "A certificate that has expired", Flaw::Expired),
    certificate("tls/not-yet", "A certificate that is not valid yet", Flaw::NotYet),
    certificate("tls/wrong-host", "A certificate for another host", Flaw::WrongHost),
    certificate("tls/self-signed", "A certificate that signed itself", Flaw::SelfSigned),
    certificate(
        "tls/unknown-authority",
        "A certificate of another authority",
        Flaw::UnknownAuthority,
    ),
    certificate("tls/no-intermediate", "A chain with a certificate missing", Flaw::NoIntermediate),
    certificate("tls/many-names", "A certificate for 1,000 other hosts", Flaw::ManyNames),
    certificate("tls/only-http2", "Takes HTTP/2 and nothing else (ALPN)", Flaw::OnlyHttp2),
    instead(
        "tls/garbage",
        "Bytes without meaning for a handshake",
        b"\x01\x02\x03\xff\xfe\0\r\n\r\n",
        Then::Hang,
    ),
    instead(
        "tls/plain",
        "Plain HTTP on a TLS port",
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        Then::Hang,
    ),
    instead(
        "tls/alert",
        "A fatal alert, handshake_failure",
        b"\x15\x03\x03\0\x02\x02\x28",
        Then::Close,
    ),
    instead("tls/hang", "Reads the hello, and says nothing", b"", Then::Hang),
    instead("tls/close", "Reads the hello and closes", b"", Then::Close),
    instead("tls/reset", "Reads the hello and resets", b"", Then::Reset),
];

/// A certificate authority of this start alone.
pub(super) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

fn issuer_params(name: &str) -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

impl Authority {
    /// Makes one with this name, and an intermediate that signs.
    pub(super) fn new(name: &str) -> anyhow::Result<Self> {
        let made = || -> anyhow::Result<Self> {
            let params = issuer_params(&format!("{name}: root"))?;
            let root = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
            let params = issuer_params(&format!("{name}: intermediate"))?;
            let intermediate = CertifiedIssuer::signed_by(params, KeyPair::generate()?, &root)?;
            Ok(Self { root, intermediate })
        };
        made().context("cannot make certificates")
    }

    /// The root's certificate, for a sender to trust.
    pub(super) fn pem(&self) -> String {
        self.root.pem()
    }

    /// A TLS server for `at` with that flaw.
    pub(super) fn acceptor(&self, at: IpAddr, flaw: Flaw) -> anyhow::Result<TlsAcceptor> {
        let names = match flaw {
            Flaw::WrongHost => vec!["elsewhere.example".to_owned()],
            Flaw::ManyNames => (0..1000).map(|n| format!("host-{n}.elsewhere.example")).collect(),
            Flaw::Nothing
            | Flaw::Expired
            | Flaw::NotYet
            | Flaw::SelfSigned
            | Flaw::UnknownAuthority
            | Flaw::NoIntermediate
            | Flaw::OnlyHttp2 => ours(at),
        };
        let mut params = CertificateParams::new(names)?;
        let years = [(Flaw::Expired, (2019, 2020)), (Flaw::NotYet, (2999, 3000))];
        let years = years.iter().find(|(own, _)| *own == flaw);
        let (from, until) = years.map_or((2020, 2999), |(_, years)| *years);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate()?;
        let chain = self.chain(&params, &key, flaw)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let protocol: &[u8] = if flaw == Flaw::OnlyHttp2 { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn chain(
        &self,
        params: &CertificateParams,
        key: &KeyPair,
        flaw: Flaw,
    ) -> anyhow::Result<Vec<CertificateDer<'static>>> {
        let own = |certificate: &rcgen::Certificate| certificate.der().clone();
        if flaw == Flaw::SelfSigned {
            return Ok(vec![own(&params.self_signed(key)?)]);
        }
        if flaw == Flaw::UnknownAuthority {
            let other = Self::new("another throw-away authority")?;
            let leaf = params.signed_by(key, &other.intermediate)?;
            return Ok(vec![own(&leaf), other.intermediate.der().clone()]);
        }
        let leaf = own(&params.signed_by(key, &self.intermediate)?);
        if flaw == Flaw::NoIntermediate {
            return Ok(vec![leaf]);
        }
        Ok(vec![leaf, self.intermediate.der().clone()])
    }
}

/// The names of this machine, as far as a test needs them.
fn ours(at: IpAddr) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let at = at.to_string();
    if !names.contains(&at) {
        names.push(at);
    }
    names
}

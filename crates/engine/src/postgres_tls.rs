//! TLS to PostgreSQL: as much of a certificate is checked as the database's URL asks for.

use std::sync::Arc;

use posthorn_store::postgres::Tls;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::http::{BadRoot, Root, trusted_roots};

/// TLS that trusts Mozilla's authorities and `extra`.
pub fn postgres_tls(extra: &[Root]) -> Result<Tls, BadRoot> {
    Ok(trusting(Arc::new(trusted_roots(extra)?)))
}

fn trusting(roots: Arc<RootCertStore>) -> Tls {
    let provider = Arc::new(ring::default_provider());
    let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
    let strict = builder.build().expect("Mozilla's authorities are some");
    let unproven = Checked::Signature(Arc::clone(&provider));
    Tls {
        unproven: connector(&provider, Arc::new(unproven)),
        authority: connector(&provider, Arc::new(Checked::Authority(Arc::clone(&strict)))),
        authority_and_name: connector(&provider, strict),
    }
}

fn connector(
    provider: &Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> MakeRustlsConnect {
    let client = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("ring supports the protocol versions that rustls calls safe")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    MakeRustlsConnect::new(client)
}

/// Less than the whole check.
#[derive(Debug)]
enum Checked {
    /// That the server has the certificate's key.
    Signature(Arc<CryptoProvider>),
    /// That, and that an authority that is trusted signed the certificate, for whatever name.
    Authority(Arc<WebPkiServerVerifier>),
}

impl ServerCertVerifier for Checked {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Self::Authority(strict) = self else { return Ok(ServerCertVerified::assertion()) };
        let checked =
            strict.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        // The name is the last that is looked at.
        match checked {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            checked => checked,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self {
            Self::Signature(provider) => {
                let algorithms = &provider.signature_verification_algorithms;
                verify_tls12_signature(message, cert, dss, algorithms)
            }
            Self::Authority(strict) => strict.verify_tls12_signature(message, cert, dss),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        match self {
            Self::Signature(provider) => {
                let algorithms = &provider.signature_verification_algorithms;
                verify_tls13_signature(message, cert, dss, algorithms)
            }
            Self::Authority(strict) => strict.verify_tls13_signature(message, cert, dss),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match self {
            Self::Signature(provider) => {
                provider.signature_verification_algorithms.supported_schemes()
            }
            Self::Authority(strict) => strict.supported_verify_schemes(),
        }
    }
}

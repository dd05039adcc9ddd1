//! An operator's own certificate authorities, as a PEM file holds them.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{Error, PemObject};

/// An authority's certificate.
pub type Root = CertificateDer<'static>;

/// A text that holds no usable certificate.
#[derive(Debug, thiserror::Error)]
pub enum BadPem {
    /// It is not PEM.
    #[error("certificate number {number} is not PEM: {why:?}")]
    Unreadable {
        /// Its place, counted from 1.
        number: usize,
        /// What is wrong.
        why: Error,
    },
    /// There is none in it.
    #[error("no `-----BEGIN CERTIFICATE-----` is in it; give the authority's certificate as PEM")]
    Empty,
}

/// The certificates of a PEM text, for [`super::HttpSettings::extra_roots`].
pub fn roots_from_pem(pem: &[u8]) -> Result<Vec<Root>, BadPem> {
    let mut roots = Vec::new();
    for (number, root) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
        roots.push(root.map_err(|why| BadPem::Unreadable { number, why })?);
    }
    if roots.is_empty() { Err(BadPem::Empty) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certificate_of_a_file_is_a_root_and_a_file_without_one_is_refused() {
        let one = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap().cert.pem();
        assert_eq!(roots_from_pem(format!("# mine\n{one}{one}").as_bytes()).unwrap().len(), 2);
        assert!(matches!(roots_from_pem(b"nothing"), Err(BadPem::Empty)));
        let broken = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            roots_from_pem(broken.as_bytes()),
            Err(BadPem::Unreadable { number: 1, .. })
        ));
    }
}

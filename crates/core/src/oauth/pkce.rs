//! Proof that whoever brings a code is who asked for it (RFC 7636), by SHA-256 only: `plain` proves nothing to somebody who
//! saw the request (RFC 9700, section 2.1.1).

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};

use crate::secret::constant_time_eq;

/// Characters of a verifier.
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// What was asked with: the hash of a verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

/// What is no challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadChallenge {
    /// Another method, or none, which stands for `plain`.
    #[error("`code_challenge_method` must be `S256`")]
    Method,
    /// Not a SHA-256 in base64url.
    #[error(
        "`code_challenge` must be the 43 characters of a SHA-256 in base64url, without padding"
    )]
    Form,
}

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method`.
    pub fn read(text: &str, method: Option<&str>) -> Result<Self, BadChallenge> {
        if method != Some("S256") {
            return Err(BadChallenge::Method);
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| BadChallenge::Form)?;
        bytes.try_into().map(Self).map_err(|_| BadChallenge::Form)
    }

    /// As it stands in a request.
    #[must_use]
    pub fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// Whether it is that of a verifier: 43 to 128 unreserved characters.
    #[must_use]
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        VERIFIER_CHARS.contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && constant_time_eq(&Sha256::digest(verifier), &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_verifier_of_the_rfc_meets_its_challenge_and_no_other_does() {
        let challenge = Challenge::read(CHALLENGE, Some("S256")).unwrap();
        assert_eq!(challenge.text(), CHALLENGE);
        assert!(challenge.is_met_by(VERIFIER));
        assert!(!challenge.is_met_by(&VERIFIER.replace('k', "l")));
        assert!(!challenge.is_met_by(CHALLENGE), "that would be `plain`");
    }

    #[test]
    fn plain_and_no_method_are_refused() {
        for method in [None, Some("plain"), Some("s256"), Some("")] {
            assert_eq!(Challenge::read(CHALLENGE, method), Err(BadChallenge::Method));
        }
    }

    #[test]
    fn a_challenge_is_a_hash_in_base64url() {
        for text in ["", "abc", &CHALLENGE[1..], &format!("{CHALLENGE}="), &"+".repeat(43)] {
            assert_eq!(Challenge::read(text, Some("S256")), Err(BadChallenge::Form), "{text}");
        }
    }

    #[test]
    fn a_verifier_of_another_form_is_refused_even_if_its_hash_is_right() {
        for (verifier, good) in [
            ("a".repeat(42), false),
            ("a".repeat(43), true),
            ("a".repeat(128), true),
            ("a".repeat(129), false),
            (format!("{} ", "a".repeat(43)), false),
            (format!("{}é", "a".repeat(43)), false),
        ] {
            let challenge = Challenge(Sha256::digest(&verifier).into());
            assert_eq!(challenge.is_met_by(&verifier), good, "{verifier}");
        }
    }
}

//! What an application asks of a user (RFC 6749, section 4.1.1; RFC 7636): checked before anybody is asked anything.

use super::fault::{Fault, Refusal};
use super::pkce::Challenge;
use super::redirect::RedirectUri;
use super::scope::Scopes;

/// The parameters of a request, as they stand there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// `response_type`.
    pub response_type: Option<&'a str>,
    /// `scope`.
    pub scope: Option<&'a str>,
    /// `code_challenge`.
    pub challenge: Option<&'a str>,
    /// `code_challenge_method`.
    pub method: Option<&'a str>,
}

/// What the user is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// How far it is to reach.
    pub scopes: Scopes,
    /// What whoever brings the code must prove.
    pub challenge: Option<Challenge>,
}

/// Where users are sent back to: what the request names, if it is registered, or the only one that is, if it names none. Nobody
/// is sent anywhere else, not even to be told what is wrong.
#[must_use]
pub fn redirect(registered: &[RedirectUri], asked: Option<&str>) -> Option<RedirectUri> {
    match (asked, registered) {
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
        (Some(asked), _) => {
            let met = registered.iter().any(|uri| uri.is(asked));
            met.then(|| RedirectUri::from_record(asked.to_owned()))
        }
    }
}

/// Checks the rest of a request; `public` is an application without a secret, whose codes need a challenge.
pub fn check(wanted: Wanted<'_>, public: bool) -> Result<Asked, Refusal> {
    match wanted.response_type {
        Some("code") => {}
        Some(_) => {
            return Err(Fault::UnsupportedResponseType.because("`response_type` must be `code`"));
        }
        None => return Err(Fault::InvalidRequest.because("`response_type` is missing")),
    }
    let challenge = match (wanted.challenge, wanted.method) {
        (Some(text), method) => Some(
            Challenge::read(text, method)
                .map_err(|bad| Fault::InvalidRequest.because(bad.to_string()))?,
        ),
        (None, None) if !public => None,
        (None, _) => {
            let what = "`code_challenge` is missing: a public application must use PKCE";
            return Err(Fault::InvalidRequest.because(what));
        }
    };
    let scopes = Scopes::read(wanted.scope, Scopes::ALL)
        .map_err(|bad| Fault::InvalidScope.because(bad.to_string()))?;
    Ok(Asked { scopes, challenge })
}

/// Whether whoever brings a code proves what it must: nothing where nothing was asked, so that a code which was asked for
/// without a challenge cannot be slipped to somebody who used one.
#[must_use]
pub fn is_proven(challenge: Option<&Challenge>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (Some(challenge), Some(verifier)) => challenge.is_met_by(verifier),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn a_public_application_needs_a_challenge_and_nobody_gets_by_with_plain() {
        let code = Wanted { response_type: Some("code"), ..Wanted::default() };
        let with = Wanted { challenge: Some(CHALLENGE), method: Some("S256"), ..code };
        let word = |wanted, public| check(wanted, public).map_err(|refusal| refusal.fault).err();
        assert_eq!((word(code, false), word(with, false), word(with, true)), (None, None, None));
        for public in [false, true] {
            let plain = Wanted { method: Some("plain"), ..with };
            let unsaid = Wanted { method: None, ..with };
            let alone = Wanted { challenge: None, ..with };
            for wanted in [plain, unsaid, alone] {
                assert_eq!(word(wanted, public), Some(Fault::InvalidRequest), "{wanted:?}");
            }
        }
        assert_eq!(word(code, true), Some(Fault::InvalidRequest));
        let token = Wanted { response_type: Some("token"), ..with };
        assert_eq!(word(token, true), Some(Fault::UnsupportedResponseType));
        let wide = Wanted { scope: Some("admin"), ..with };
        assert_eq!(word(wide, true), Some(Fault::InvalidScope));
    }

    #[test]
    fn where_to_go_back_to_may_be_left_out_where_there_is_one_place_only() {
        let uri = |text: &str| RedirectUri::from_record(text.to_owned());
        let (one, other) = (uri("https://a.example/"), uri("http://127.0.0.1/back"));
        assert_eq!(redirect(std::slice::from_ref(&one), None), Some(one.clone()));
        let both = [one.clone(), other];
        assert_eq!((redirect(&both, None), redirect(&[], None)), (None, None));
        assert_eq!(redirect(&both, Some(one.as_str())), Some(one));
        let there = "http://127.0.0.1:50123/back";
        assert_eq!(redirect(&both, Some(there)), Some(uri(there)), "to the port that was asked");
        assert_eq!(redirect(&both, Some("https://evil.example/")), None);
    }

    #[test]
    fn a_verifier_is_wanted_where_there_is_a_challenge_and_nowhere_else() {
        let challenge = Challenge::read(CHALLENGE, Some("S256")).unwrap();
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(is_proven(Some(&challenge), Some(verifier)) && is_proven(None, None));
        assert!(!is_proven(Some(&challenge), None) && !is_proven(None, Some(verifier)));
    }
}

//! What an endpoint's settings and secrets must be like: checked once, at the edge.

use jiff::Timestamp;
use posthorn_core::contract::{CONNECTION_HEADERS, Contract};
use posthorn_core::endpoint::{
    DESCRIPTION_BYTES_MAX, Endpoint, HEADERS_BYTES_MAX, HEADERS_MAX, PATTERNS_MAX,
    SIGNING_SECRETS_MAX, Settings,
};
use posthorn_core::event::Mode;
use posthorn_core::secret::Secret;
use posthorn_rails::cards::has_card_number;

use crate::error::EngineError;
use crate::keyring::Place;
use crate::shared::Shared;
use crate::transport::Reach;

/// The highest rate limit, deliveries a second.
pub const RATE_MAX: u32 = 10_000;
/// The highest concurrency.
pub const CONCURRENCY_MAX: u32 = 1_000;
/// The shortest secret that a caller may set.
const SECRET_CHARS_MIN: usize = 8;
/// The longest secret that a caller may set.
const SECRET_CHARS_MAX: usize = 512;

pub(crate) fn refuse<T>(field: &'static str, what: impl Into<String>) -> Result<T, EngineError> {
    Err(EngineError::Setting { field, what: what.into() })
}

/// What is told of a rotation that would have more secrets sign at once than may, at a time of the
/// merchant.
pub(crate) fn too_many_secrets(endpoint: &Endpoint, now: Timestamp) -> EngineError {
    let first = endpoint.signing_secrets(now).iter().filter_map(|secret| secret.until).min();
    let first = first.unwrap_or(now);
    let what = format!(
        "at most {SIGNING_SECRETS_MAX} secrets sign at once, and as many do; the first stops at \
         {first:.3}: rotate after that, or with overlap `0s`, which ends them all now"
    );
    EngineError::Setting { field: "overlap", what }
}

impl Shared {
    /// A URL that deliveries may go to, in a mode and under a contract.
    pub(crate) fn check_url(
        &self,
        text: &str,
        mode: Mode,
        contract: &Contract,
    ) -> Result<url::Url, EngineError> {
        let Ok(mut url) = url::Url::parse(text) else {
            return refuse("url", "must be an absolute URL, as in `https://example.com/webhooks`");
        };
        url.set_fragment(None);
        let reach = self.reach(mode);
        self.guard.url(&url, reach)?;
        self.check_scheme(&url, mode, contract)?;
        Ok(url)
    }

    fn check_scheme(
        &self,
        url: &url::Url,
        mode: Mode,
        contract: &Contract,
    ) -> Result<(), EngineError> {
        let sandboxed = self.reach(mode) == Reach::Sandbox;
        if contract.https_only && url.scheme() != "https" && !sandboxed {
            let what = format!("contract `{}` sends over https only", contract.name);
            return refuse("url", what);
        }
        Ok(())
    }

    pub(crate) fn check_settings(
        &self,
        settings: &Settings,
        mode: Mode,
        contract: &Contract,
    ) -> Result<(), EngineError> {
        self.check_url(settings.url.as_str(), mode, contract)?;
        if settings.events.is_empty() || settings.events.len() > PATTERNS_MAX {
            return refuse("events", format!("must have 1 to {PATTERNS_MAX} patterns"));
        }
        let description = settings.description.as_deref().unwrap_or_default();
        if description.len() > DESCRIPTION_BYTES_MAX {
            return refuse("description", format!("at most {DESCRIPTION_BYTES_MAX} bytes"));
        }
        // Their log is shown and exported, as endpoints are.
        for (field, text) in [("url", settings.url.as_str()), ("description", description)] {
            if has_card_number(text) {
                return refuse(field, "has what looks like a card's number, which is kept nowhere");
            }
        }
        if settings.rate_limit.is_some_and(|rate| rate == 0 || rate > RATE_MAX) {
            return refuse("rate_limit", format!("must be 1 to {RATE_MAX} deliveries a second"));
        }
        if settings.concurrency.is_some_and(|most| most == 0 || most > CONCURRENCY_MAX) {
            return refuse("concurrency", format!("must be 1 to {CONCURRENCY_MAX}"));
        }
        check_headers(&settings.headers, contract)
    }

    /// A contract that an endpoint comes to speak because its merchant does: what it has must fit.
    pub(crate) fn check_contract_fits(
        &self,
        endpoint: &Endpoint,
        contract: &Contract,
    ) -> Result<(), EngineError> {
        self.check_scheme(&endpoint.settings.url, endpoint.mode, contract)?;
        check_headers(&endpoint.settings.headers, contract)?;
        self.check_secrets_fit(endpoint, contract)
    }

    /// An endpoint that is to speak another contract needs secrets which that contract can use: each
    /// that still signs, also those that a rotation replaced.
    pub(crate) fn check_secrets_fit(
        &self,
        endpoint: &Endpoint,
        contract: &Contract,
    ) -> Result<(), EngineError> {
        let name = &contract.name;
        let now = self.directory.now(endpoint.merchant, endpoint.mode, self.clock.now());
        let signing = endpoint.signing_secrets(now);
        if signing.is_empty() && !contract.secret.optional {
            let what =
                format!("`{name}` signs, and the endpoint has no secret; rotate to make one");
            return refuse("contract", what);
        }
        for secret in signing {
            let opened = self.keyring.open(&secret.sealed, Place::Endpoint);
            let opened = opened.map_err(|error| EngineError::Broken { what: error.to_string() })?;
            if contract.key(opened.expose()).is_ok() {
                continue;
            }
            let what = match secret.until {
                None => format!(
                    "the endpoint's secret cannot sign under `{name}`; create a new endpoint with \
                     that contract"
                ),
                Some(until) => format!(
                    "a secret that the endpoint's last rotation replaced signs until {until}, and \
                     cannot sign under `{name}`; change the contract after that"
                ),
            };
            return refuse("contract", what);
        }
        Ok(())
    }
}

/// Custom headers may not be those that HTTP, the contract or our own record depends on.
fn check_headers(headers: &[(String, String)], contract: &Contract) -> Result<(), EngineError> {
    const BODY_HEADERS: [&str; 3] = ["content-encoding", "content-type", "user-agent"];
    if headers.len() > HEADERS_MAX {
        return refuse("headers", format!("at most {HEADERS_MAX} headers"));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > HEADERS_BYTES_MAX {
        return refuse("headers", format!("at most {HEADERS_BYTES_MAX} bytes in all"));
    }
    let theirs = contract.header_names();
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let sound_name = http::HeaderName::from_bytes(name.as_bytes()).is_ok();
        let sound_value = http::HeaderValue::from_str(value).is_ok();
        if !sound_name || !sound_value {
            return refuse("headers", format!("`{name}` is not a header that HTTP can carry"));
        }
        let ours = CONNECTION_HEADERS.iter().chain(&BODY_HEADERS);
        if ours.into_iter().any(|own| *own == lower) {
            return refuse("headers", format!("`{name}` is set by Posthorn"));
        }
        if theirs.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return refuse("headers", format!("`{name}` is set by contract `{}`", contract.name));
        }
        if seen.contains(&lower) {
            return refuse("headers", format!("`{name}` stands there twice"));
        }
        seen.push(lower);
    }
    Ok(())
}

/// Checks a caller's own secret against a contract.
pub(crate) fn check_secret(contract: &Contract, given: &Secret) -> Result<(), EngineError> {
    let chars = given.expose().chars().count();
    if !(SECRET_CHARS_MIN..=SECRET_CHARS_MAX).contains(&chars) {
        let what = format!(
            "must have {SECRET_CHARS_MIN} to {SECRET_CHARS_MAX} characters (32 random ones are \
             recommended), or be left out to have one made"
        );
        return refuse("secret", what);
    }
    match contract.key(given.expose()) {
        Ok(_) => Ok(()),
        Err(error) => refuse("secret", error.to_string()),
    }
}

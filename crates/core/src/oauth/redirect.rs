//! Where users are sent back to: registered, and met to the letter (RFC 9700, section 2.1).

use url::{Host, Url};

use crate::event::Mode;

/// Redirect URIs of an application, at most.
pub const REDIRECTS_MAX: usize = 10;
/// Characters of one, at most.
const CHARS_MAX: usize = 1000;

/// A redirect URI as it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri(String);

/// What is no redirect URI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{uri}` {what}")]
pub struct BadRedirect {
    uri: String,
    what: &'static str,
}

impl RedirectUri {
    /// One that was checked before.
    #[must_use]
    pub fn from_record(text: String) -> Self {
        Self(text)
    }

    /// Reads one that is to be registered: https; in test mode http too, where it leads to the user's own machine.
    pub fn read(text: &str, mode: Mode) -> Result<Self, BadRedirect> {
        let bad = |what| BadRedirect { uri: text.chars().take(200).collect(), what };
        if text.chars().count() > CHARS_MAX {
            return Err(bad("is longer than 1000 characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("has a character that must be percent-encoded"));
        }
        let url = Url::parse(text).map_err(|_| bad("is not an absolute URL"))?;
        if url.fragment().is_some() {
            return Err(bad("has a fragment (`#…`)"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("has a user name"));
        }
        match url.scheme() {
            "https" => Ok(Self(text.to_owned())),
            "http" if mode == Mode::Test && is_loopback(&url) => Ok(Self(text.to_owned())),
            "http" => {
                Err(bad("must be https; http is for 127.0.0.1, [::1] and localhost, in test mode"))
            }
            _ => Err(bad("must be https")),
        }
    }

    /// As it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request names this one: the same characters, nothing added.
    #[must_use]
    pub fn is(&self, asked: &str) -> bool {
        self.0 == asked
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_registered_and_http_on_loopback_only_in_test_mode() {
        for (uri, test, live) in [
            ("https://shop.example/back?a=1", true, true),
            ("http://127.0.0.1:8000/back", true, false),
            ("http://[::1]/back", true, false),
            ("http://localhost:3000/", true, false),
            ("http://shop.example/back", false, false),
            ("http://127.0.0.1.evil.example/", false, false),
            ("https://shop.example/back#top", false, false),
            ("https://user@shop.example/", false, false),
            ("javascript:alert(1)", false, false),
            ("data:text/html,hi", false, false),
            ("/back", false, false),
            ("https://shop.example/a b", false, false),
            ("https://shop.example/é", false, false),
        ] {
            assert_eq!(RedirectUri::read(uri, Mode::Test).is_ok(), test, "test: {uri}");
            assert_eq!(RedirectUri::read(uri, Mode::Live).is_ok(), live, "live: {uri}");
        }
        assert!(
            RedirectUri::read(&format!("https://a.example/{}", "a".repeat(1000)), Mode::Live)
                .is_err()
        );
    }

    #[test]
    fn a_redirect_is_met_to_the_letter() {
        let registered = RedirectUri::read("https://shop.example/back", Mode::Live).unwrap();
        assert!(registered.is("https://shop.example/back"));
        for other in [
            "https://shop.example/back/",
            "https://shop.example/back?x=1",
            "https://shop.example/backdoor",
            "https://SHOP.example/back",
            "https://shop.example:443/back",
            "https://shop.example/../back",
            "",
        ] {
            assert!(!registered.is(other), "{other}");
        }
    }
}

//! Where users are sent back to: registered, and met to the letter (RFC 9700, section 2.1), but for the port of a program on the
//! user's own machine, which it is given when it starts (RFC 8252, section 7.3).

use url::{Host, Url};

use super::ClientKind;
use crate::event::Mode;

/// Redirect URIs of an application, at most.
pub const REDIRECTS_MAX: usize = 10;
/// Characters of one, at most.
const CHARS_MAX: usize = 1000;
/// The user's own machine by its address. `localhost` is a name, which somebody may have led elsewhere (RFC 8252, section 8.3).
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

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

    /// Reads one that is to be registered: https; http too where it leads to the user's own machine, in test mode, or for a
    /// program that runs there.
    pub fn read(text: &str, mode: Mode, kind: ClientKind) -> Result<Self, BadRedirect> {
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
        let at_its_user = kind == ClientKind::Public && without_port(text).is_some();
        match url.scheme() {
            "https" => Ok(Self(text.to_owned())),
            "http" if at_its_user || mode == Mode::Test && is_loopback(&url) => {
                Ok(Self(text.to_owned()))
            }
            "http" => Err(bad(
                "must be https; http is for 127.0.0.1 and [::1], and in live mode for public applications only",
            )),
            _ => Err(bad("must be https")),
        }
    }

    /// As it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request names this one: the same characters, nothing added; on the user's own machine with any port.
    #[must_use]
    pub fn is(&self, asked: &str) -> bool {
        let portless = without_port(&self.0);
        self.0 == asked || portless.is_some() && portless == without_port(asked)
    }
}

/// Address and path of a URI on the user's own machine, as they are written, without the port.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    LOOPBACK.into_iter().find_map(|host| {
        let rest = uri.strip_prefix(host)?;
        let path = match rest.strip_prefix(':') {
            None => rest,
            Some(port) => {
                let path = port.trim_start_matches(|digit: char| digit.is_ascii_digit());
                port.strip_suffix(path)?.parse::<u16>().ok()?;
                path
            }
        };
        (path.is_empty() || path.starts_with(['/', '?'])).then_some((host, path))
    })
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

    use ClientKind::{Confidential, Public};

    #[test]
    fn https_is_registered_and_http_on_loopback_in_test_mode_or_for_programs_there() {
        for (uri, test, live) in [
            ("https://shop.example/back?a=1", true, true),
            ("http://127.0.0.1:8000/back", true, false),
            ("http://[::1]/back", true, false),
            ("http://localhost:3000/", true, false),
            ("http://shop.example/back", false, false),
            ("http://127.0.0.1.evil.example/", false, false),
            ("http://127.0.0.1:80.evil.example/", false, false),
            ("https://shop.example/back#top", false, false),
            ("https://user@shop.example/", false, false),
            ("javascript:alert(1)", false, false),
            ("data:text/html,hi", false, false),
            ("/back", false, false),
            ("https://shop.example/a b", false, false),
            ("https://shop.example/é", false, false),
        ] {
            let read = |mode, kind| RedirectUri::read(uri, mode, kind).is_ok();
            assert_eq!(read(Mode::Test, Confidential), test, "test: {uri}");
            assert_eq!(read(Mode::Live, Confidential), live, "live: {uri}");
            let own = ["http://127.0.0.1:8000/back", "http://[::1]/back"].contains(&uri);
            assert_eq!(read(Mode::Live, Public), live || own, "live and public: {uri}");
        }
        let long = format!("https://a.example/{}", "a".repeat(1000));
        assert!(RedirectUri::read(&long, Mode::Live, Public).is_err());
    }

    #[test]
    fn on_the_users_own_machine_any_port_is_met_and_nothing_else_is_let_go() {
        for (registered, asked, met) in [
            ("http://127.0.0.1/back?a=1", "http://127.0.0.1:50123/back?a=1", true),
            ("http://127.0.0.1:8000/back", "http://127.0.0.1/back", true),
            ("http://[::1]:8000/back", "http://[::1]:1/back", true),
            ("http://127.0.0.1", "http://127.0.0.1:9", true),
            ("http://127.0.0.1/back", "http://127.0.0.1:50123/other", false),
            ("http://127.0.0.1/back", "http://[::1]:50123/back", false),
            ("http://127.0.0.1/back", "http://127.0.0.1:99999/back", false),
            ("http://127.0.0.1/back", "http://127.0.0.1:/back", false),
            ("http://127.0.0.1/back", "http://127.0.0.1:1@evil.example/back", false),
            ("http://127.0.0.1", "http://127.0.0.1.evil.example", false),
            ("http://127.0.0.1", "http://127.0.0.1@evil.example", false),
            ("http://localhost:3000/back", "http://localhost:3001/back", false),
            ("https://127.0.0.1:3000/back", "https://127.0.0.1:3001/back", false),
        ] {
            let uri = RedirectUri::read(registered, Mode::Test, Public).unwrap();
            assert_eq!(uri.is(asked), met, "{registered} {asked}");
        }
    }

    #[test]
    fn a_redirect_is_met_to_the_letter() {
        let registered =
            RedirectUri::read("https://shop.example/back", Mode::Live, Public).unwrap();
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

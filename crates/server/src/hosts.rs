//! Host names that are bound to a mode: a platform's sandbox and its production are two bases of one server, and what opens one
//! is refused at the other.
//!
//! A name that is bound to nothing takes both, as every name does without the setting: the mode comes from the key.

use std::fmt;
use std::str::FromStr;

use http::header::HOST;
use http::request::Parts;
use http::uri::{Authority, Uri};
use ipnet::IpNet;
use posthorn_core::event::Mode;
use serde::Deserialize;

use crate::address::is_forwarded;
use crate::problem::{Code, Problem};

/// The header in which proxies say what name they were asked by.
const FORWARDED_HOST: &str = "x-forwarded-host";

/// A host name as it is compared: in lower case, without a port, and without the dot of a name that is written in full.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(String);

/// What cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is no host name; write it without scheme, port and path, as in `api.example.com`"
)]
pub struct NoHostName {
    given: String,
}

impl HostName {
    /// The name in what requests carry: with the port or without.
    fn of(asked: &str) -> Option<Self> {
        let authority = sane(asked)?;
        let host = authority.host();
        let host = host.strip_suffix('.').unwrap_or(host);
        (!host.is_empty()).then(|| Self(host.to_ascii_lowercase()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HostName {
    type Err = NoHostName;

    fn from_str(given: &str) -> Result<Self, NoHostName> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.[]:".contains(c);
        let whole = |name: &Self| {
            let given = given.strip_suffix('.').unwrap_or(given);
            name.0.eq_ignore_ascii_case(given) && given.chars().all(plain)
        };
        let refused = || NoHostName { given: given.to_owned() };
        Self::of(given).filter(whole).ok_or_else(refused)
    }
}

impl TryFrom<String> for HostName {
    type Error = NoHostName;

    fn try_from(given: String) -> Result<Self, NoHostName> {
        given.parse()
    }
}

/// Which names are bound to which mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    test: Vec<HostName>,
    live: Vec<HostName>,
}

/// A name cannot be for both.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`hosts.test` and `hosts.live` both have `{name}`; a host name is bound to one mode, or, in neither, takes both"
)]
pub struct BoundTwice {
    name: HostName,
}

impl Hosts {
    /// Binds these names to test mode, and those to live mode.
    pub fn new(test: Vec<HostName>, live: Vec<HostName>) -> Result<Self, BoundTwice> {
        match test.iter().find(|name| live.contains(name)) {
            Some(name) => Err(BoundTwice { name: name.clone() }),
            None => Ok(Self { test, live }),
        }
    }

    fn of(&self, mode: Mode) -> &[HostName] {
        match mode {
            Mode::Test => &self.test,
            Mode::Live => &self.live,
        }
    }

    /// Whether a base (`https://api.example.com`) is at a name that is bound.
    pub(crate) fn bind(&self, base: &str) -> bool {
        let uri = base.parse::<Uri>().ok();
        let name = uri.as_ref().and_then(Uri::authority).map(Authority::as_str);
        let name = name.and_then(HostName::of);
        name.is_some_and(|name| self.test.contains(&name) || self.live.contains(&name))
    }

    /// Lets a caller of a mode in, unless it asks at a name that is the other mode's.
    pub(crate) fn admit(
        &self,
        parts: &Parts,
        proxies: &[IpNet],
        mode: Mode,
    ) -> Result<(), Problem> {
        let other = match mode {
            Mode::Test => Mode::Live,
            Mode::Live => Mode::Test,
        };
        if self.of(other).is_empty() {
            return Ok(());
        }
        let theirs = |name: &HostName| self.of(other).contains(name);
        let name = asked(parts, proxies).and_then(|asked| HostName::of(asked.as_str()));
        let Some(name) = name.filter(theirs) else { return Ok(()) };
        let (own, other) = (mode.name(), other.name());
        let place = match self.of(mode).first() {
            Some(place) => format!("{own} mode is at `{place}`"),
            None => format!("{own} mode is at any other name of this server"),
        };
        let what = format!("`{name}` is for {other} mode, and these credentials are of {own} mode");
        Err(Problem::new(Code::WrongMode, format!("{what}; {place}")))
    }
}

/// Where a request was sent: a name, and a port if it has one. Of `X-Forwarded-Host` the last name is believed, and only of a trusted
/// proxy: what stands before it anybody may have written.
pub(crate) fn asked(parts: &Parts, proxies: &[IpNet]) -> Option<Authority> {
    let forwarded = || {
        let line = parts.headers.get_all(FORWARDED_HOST).iter().next_back()?;
        sane(line.to_str().ok()?.rsplit(',').next()?)
    };
    let own = || match parts.uri.authority() {
        // HTTP/2 has no `Host`; of a request with both, this one counts (RFC 9112, section 3.2.2).
        Some(authority) => sane(authority.as_str()),
        None => sane(parts.headers.get(HOST)?.to_str().ok()?),
    };
    let forwarded = is_forwarded(&parts.extensions, proxies).then(forwarded).flatten();
    forwarded.or_else(own)
}

/// A name with or without a port, and nothing before it.
fn sane(text: &str) -> Option<Authority> {
    let authority = text.trim().parse::<Authority>().ok()?;
    (!authority.host().is_empty() && !authority.as_str().contains('@')).then_some(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_compared_without_port_case_and_last_dot() {
        let of = |text: &str| HostName::of(text).map(|name| name.0);
        for text in
            ["api.example.com", "API.Example.com:8443", "api.example.com.", " api.example.com"]
        {
            assert_eq!(of(text).as_deref(), Some("api.example.com"), "{text}");
        }
        assert_eq!(of("[::1]:8080").as_deref(), Some("[::1]"));
        for text in ["", ":80", "me@api.example.com", "a b"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_setting_is_a_name_and_nothing_more() {
        let read = |text: &str| text.parse::<HostName>().map(|name| name.0);
        assert_eq!(read("API.example.com."), Ok("api.example.com".to_owned()));
        assert_eq!(read("[::1]"), Ok("[::1]".to_owned()));
        for bad in
            ["", "https://a.example", "a.example:443", "a.example/v1", "*.a.example", " a", "é"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_in_both_lists_is_refused_however_it_is_written() {
        let names = |text: &str| vec![text.parse().unwrap()];
        let refused = Hosts::new(names("a.example"), names("A.EXAMPLE.")).unwrap_err();
        insta::assert_snapshot!(refused, @"`hosts.test` and `hosts.live` both have `a.example`; a host name is bound to one mode, or, in neither, takes both");
    }
}

//! Whom a request comes from: the other end of its connection, or, where that is one of the operator's own proxies, whom the
//! proxy says it asks for.
//!
//! Of `X-Forwarded-For` only what trusted proxies have appended is believed: the right-most address that is not one of theirs. What
//! stands left of it anybody may have written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;
use http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The header in which proxies say whom they ask for.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address(IpAddr);

impl Address {
    /// That of a request, as `crate::edge` has noted it.
    pub(crate) fn of(parts: &Parts) -> Self {
        let nowhere = Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        parts.extensions.get().copied().unwrap_or(nowhere)
    }

    /// Reads where a request comes from; nowhere, if it came over no connection.
    pub(crate) fn read(
        extensions: &Extensions,
        headers: &HeaderMap,
        trusted: &[IpNet],
    ) -> Option<Self> {
        let ConnectInfo(peer) = extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(Self(named(peer.ip().to_canonical(), headers, trusted)))
    }

    /// The address itself.
    pub(crate) fn ip(self) -> IpAddr {
        self.0
    }

    /// As whom it is counted: IPv6 gives everybody a network of 64 bits.
    pub(crate) fn counted(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
        }
    }
}

/// Whether a request came by one of the operator's own proxies.
pub(crate) fn is_forwarded(extensions: &Extensions, trusted: &[IpNet]) -> bool {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>();
    peer.is_some_and(|ConnectInfo(peer)| is_trusted(trusted, peer.ip().to_canonical()))
}

fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

/// Goes back along the proxies, as far as they are trusted.
fn named(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let mut last = peer;
    let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
    let mut hops = lines.flat_map(|line| line.split(',')).collect::<Vec<_>>().into_iter().rev();
    while is_trusted(trusted, last) {
        match hops.next().and_then(address) {
            Some(before) => last = before,
            None => return last,
        }
    }
    last
}

/// An address as proxies write it: some with the port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|one| one.ip());
    bare.parse::<IpAddr>().ok().or_else(with_port).map(|one| one.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn asked(peer: &str, lines: &[&'static str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let Address(address) = Address::read(&extensions, &headers, &trusted).unwrap();
        address.to_string()
    }

    #[test]
    fn only_what_trusted_proxies_say_is_believed() {
        for (peer, lines, from) in [
            ("192.0.2.1", vec![], "192.0.2.1"),
            ("192.0.2.1", vec!["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("::ffff:10.0.0.1", vec!["::ffff:198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["203.0.113.9", "198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", vec!["198.51.100.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.7:4711"], "198.51.100.7"),
            ("fd00::1", vec!["[2001:db8::7]:4711"], "2001:db8::7"),
            ("fd00::1", vec!["[2001:db8::7]"], "2001:db8::7"),
        ] {
            assert_eq!(asked(peer, &lines), from, "{peer} {lines:?}");
        }
    }

    #[test]
    fn of_ipv6_the_network_is_counted() {
        let counted = |text: &str| Address(text.parse().unwrap()).counted().to_string();
        assert_eq!(counted("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(counted("192.0.2.1"), "192.0.2.1");
    }
}

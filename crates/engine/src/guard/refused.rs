//! Why the guard said no, in words that tell the integrator what to change and the operator what
//! to allow.

use std::net::IpAddr;

use ipnet::IpNet;

/// A URL or an address that is not delivered to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Plain http, where only https is delivered.
    #[error(
        "http is refused: use https (http is for test mode on a sandbox server, or where the \
         operator allows it)"
    )]
    PlainHttp,
    /// A scheme that is not HTTP.
    #[error("scheme `{scheme}` is refused: use https")]
    Scheme {
        /// The scheme as given.
        scheme: String,
    },
    /// A user name or password in the URL.
    #[error(
        "the URL holds a user name or password: remove it and use the endpoint's headers instead"
    )]
    Credentials,
    /// A URL over [`super::URL_BYTES_MAX`].
    #[error("the URL has {bytes} bytes: at most {max} are allowed", max = super::URL_BYTES_MAX)]
    Length {
        /// Its length as serialised.
        bytes: usize,
    },
    /// No host, or one with an empty label.
    #[error("the URL has no usable host name")]
    NoHost,
    /// A port of another protocol (the Fetch standard's bad ports).
    #[error(
        "port {port} is refused: it belongs to another protocol (fetch.spec.whatwg.org, bad \
         ports); use 443 or a port above 1023 that is not listed there"
    )]
    Port {
        /// The port.
        port: u16,
    },
    /// A name that only means something inside a local network.
    #[error(
        "host `{name}` is refused: {why}; use a public name (the operator can open internal \
         networks with `allow_cidrs`)"
    )]
    LocalName {
        /// The host name.
        name: String,
        /// What kind of name it is, and which RFC says so.
        why: &'static str,
    },
    /// The name of a cloud's metadata service; nothing opens it.
    #[error("host `{name}` is refused: it names a cloud metadata service")]
    MetadataName {
        /// The host name.
        name: String,
    },
    /// An address in a refused range.
    #[error("address {address}{} is refused: {name} ({net}, {document}); {}", inner(*address, *meant), way_in(*meant, *exactly))]
    Address {
        /// The address as it was written or resolved.
        address: IpAddr,
        /// The IPv4 address inside it, or the same address.
        meant: IpAddr,
        /// The range's name, as in `private network`.
        name: &'static str,
        /// The range.
        net: IpNet,
        /// The document that sets it aside or uses it, as in `RFC 1918`.
        document: &'static str,
        /// Whether only an entry for this very address opens it.
        exactly: bool,
    },
    /// A DNS answer with both acceptable and refused addresses.
    #[error(
        "the DNS answer mixes {accepted} acceptable address(es) with a refused one, so all are \
         refused: {why}"
    )]
    Mixed {
        /// How many were acceptable.
        accepted: usize,
        /// The first refusal.
        why: Box<Refused>,
    },
    /// A DNS answer without any address.
    #[error("the host name has no address")]
    NoAddress,
}

fn inner(address: IpAddr, meant: IpAddr) -> String {
    if address == meant { String::new() } else { format!(" (which means {meant})") }
}

fn way_in(meant: IpAddr, exactly: bool) -> String {
    let host = IpNet::from(meant);
    let entry = if exactly {
        format!("only by listing {host} itself")
    } else {
        format!("by listing {host} or its network")
    };
    format!("the operator can open it {entry} in `allow_cidrs`")
}

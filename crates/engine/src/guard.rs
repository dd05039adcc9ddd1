//! The address guard: which URLs and addresses a delivery may be sent to.
//!
//! Endpoints are written by strangers, so a URL is an instruction to connect from inside the
//! operator's network. A URL is judged when it is saved and before every try; its addresses are
//! judged after every DNS answer, and only a judged address is dialled: a name that changes its
//! mind between check and connect (DNS rebinding) gains nothing. An answer that mixes refused and
//! public addresses is refused whole, because no honest zone has a reason to publish one.

mod names;
mod ranges;
mod refused;

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use crate::transport::Reach;
use ranges::{Opening, Range};

pub use refused::Refused;

/// The longest URL that is delivered to, in bytes as serialised.
pub const URL_BYTES_MAX: usize = 2_048;

/// The rules of one server: the built-in tables and what its operator opened.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    allow: Vec<IpNet>,
    allow_http: bool,
}

impl Guard {
    /// A guard that also lets through the networks in `allow`, in every mode, and plain http in
    /// live mode if `allow_http`.
    ///
    /// A cloud metadata address is opened only by an entry that is that very address (`/32` or
    /// `/128`): listing `169.254.0.0/16` for a neighbour must not publish the machine's keys.
    #[must_use]
    pub fn new(allow: Vec<IpNet>, allow_http: bool) -> Self {
        Self { allow, allow_http }
    }

    /// Judges everything about a URL that can be judged without DNS. Its fragment is ignored.
    pub fn url(&self, url: &Url, reach: Reach) -> Result<(), Refused> {
        if url.as_str().len() > URL_BYTES_MAX {
            return Err(Refused::Length { bytes: url.as_str().len() });
        }
        self.scheme(url, reach)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Credentials);
        }
        let port = url.port_or_known_default().ok_or(Refused::NoHost)?;
        if names::is_bad_port(port) {
            return Err(Refused::Port { port });
        }
        match url.host().ok_or(Refused::NoHost)? {
            Host::Domain(name) => self.name(name, reach),
            Host::Ipv4(address) => self.address(address.into(), reach),
            Host::Ipv6(address) => self.address(address.into(), reach),
        }
    }

    /// Judges one address. IPv4 inside IPv6 (mapped, NAT64, 6to4) has the verdict of the IPv4.
    pub fn address(&self, address: IpAddr, reach: Reach) -> Result<(), Refused> {
        let Some(found) = ranges::find(address) else { return Ok(()) };
        if self.opens(found.range, &[address, found.meant], reach) {
            return Ok(());
        }
        Err(Refused::Address {
            address,
            meant: found.meant,
            name: found.range.name,
            net: found.range.net,
            document: found.range.document,
            exactly: found.range.opening == Opening::ExactEntry,
        })
    }

    /// Judges a whole DNS answer and returns it if every address in it may be dialled.
    pub fn vet(&self, answers: &[IpAddr], reach: Reach) -> Result<Vec<IpAddr>, Refused> {
        let mut refused = None;
        let mut accepted = 0_usize;
        for address in answers {
            match self.address(*address, reach) {
                Ok(()) => accepted += 1,
                Err(why) => refused = refused.or(Some(why)),
            }
        }
        match refused {
            None if answers.is_empty() => Err(Refused::NoAddress),
            None => Ok(answers.to_vec()),
            Some(why) if accepted == 0 => Err(why),
            Some(why) => Err(Refused::Mixed { accepted, why: Box::new(why) }),
        }
    }

    fn scheme(&self, url: &Url, reach: Reach) -> Result<(), Refused> {
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.allow_http || reach == Reach::Sandbox => Ok(()),
            "http" => Err(Refused::PlainHttp),
            scheme => Err(Refused::Scheme { scheme: scheme.to_owned() }),
        }
    }

    /// Names of a local network are refused for [`Reach::Public`] as long as the operator has
    /// opened no network; once one is open, the addresses behind such a name decide.
    fn name(&self, name: &str, reach: Reach) -> Result<(), Refused> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() || name.split('.').any(str::is_empty) {
            return Err(Refused::NoHost);
        }
        if names::is_metadata(name) {
            return Err(Refused::MetadataName { name: name.to_owned() });
        }
        let local_may_pass = reach == Reach::Sandbox || !self.allow.is_empty();
        match names::local_suffix(name) {
            Some(why) if !local_may_pass => Err(Refused::LocalName { name: name.to_owned(), why }),
            Some(_) | None => Ok(()),
        }
    }

    fn opens(&self, range: &Range, addresses: &[IpAddr], reach: Reach) -> bool {
        let listed = |net: &&IpNet| addresses.iter().any(|address| net.contains(address));
        match range.opening {
            Opening::Sandbox if reach == Reach::Sandbox => true,
            Opening::Sandbox | Opening::Entry => self.allow.iter().any(|net| listed(&net)),
            Opening::ExactEntry => self
                .allow
                .iter()
                .filter(|net| net.prefix_len() == net.max_prefix_len())
                .any(|net| listed(&net)),
        }
    }
}

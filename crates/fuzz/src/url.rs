//! Where deliveries go: URLs that strangers write, and DNS answers that strangers give.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use posthorn_engine::guard::{Guard, Refused, URL_BYTES_MAX};
use posthorn_engine::transport::Reach;
use url::{Host, Url};

use crate::public::is_public;

/// The guard's verdict is about the place that would be connected to: a public address or a name
/// that no resolver takes for an address, over https, with nothing before the host.
pub(crate) fn url(bytes: &[u8]) {
    let Some(url) = str::from_utf8(bytes).ok().and_then(|text| Url::parse(text).ok()) else {
        return;
    };
    let guard = Guard::default();
    let verdict = guard.url(&url, Reach::Public);
    if !["http", "https"].contains(&url.scheme()) {
        return assert!(verdict.is_err(), "{url}");
    }
    // Not so for the crate's `file:` URLs: a drive letter may swallow the host when it is read again.
    let again = Url::parse(url.as_str()).expect("a URL prints a URL");
    assert_eq!(again, url);
    assert_eq!(guard.url(&again, Reach::Public), verdict);
    let address = match url.host() {
        Some(Host::Ipv4(v4)) => Some(IpAddr::from(v4)),
        Some(Host::Ipv6(v6)) => Some(IpAddr::from(v6)),
        Some(Host::Domain(_)) | None => None,
    };
    if let Some(address) = address {
        let refused = matches!(verdict, Err(Refused::Address { .. }));
        assert!(!(refused && is_public(address)), "{url} is public");
        assert_eq!(guard.address(address, Reach::Public).is_ok(), is_public(address), "{url}");
    }
    if verdict.is_ok() {
        assert_eq!(url.scheme(), "https");
        assert!(url.as_str().len() <= URL_BYTES_MAX);
        assert!(url.username().is_empty() && url.password().is_none() && !has_user(&url), "{url}");
        assert!(address.is_none_or(is_public), "{url}");
        assert!(address.is_some() || is_a_public_name(&url), "{url}");
        assert_eq!(guard.url(&url, Reach::Sandbox), Ok(()), "{url}");
    }
}

/// Whether an `@` stands where a user name ends.
fn has_user(url: &Url) -> bool {
    let authority = url.as_str().strip_prefix("https://").unwrap_or_default();
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    authority.get(..end).is_some_and(|authority| authority.contains('@'))
}

/// Several labels, none empty, in lower-case ASCII, and the last not a number in any base: what the
/// system's resolver would read as an address is no name.
fn is_a_public_name(url: &Url) -> bool {
    let name = url.domain().unwrap_or_default();
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels: Vec<&str> = name.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    labels.len() > 1
        && labels.iter().all(|label| !label.is_empty())
        && !is_number
        && !["localhost", "local", "internal", "onion"].contains(&last)
        && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
        && !name.bytes().any(|b| b"/:@?#[]\\%".contains(&b))
}

/// Every 17 bytes are an address: an answer is dialled whole or not at all, and only if all of it
/// is public.
pub(crate) fn answers(bytes: &[u8]) {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for chunk in bytes.chunks(17) {
        let Some((family, rest)) = chunk.split_first() else { continue };
        let mut octets = [0; 16];
        octets.iter_mut().zip(rest).for_each(|(octet, byte)| *octet = *byte);
        let bits = u128::from_be_bytes(octets);
        let v4 = Ipv4Addr::from_octets([octets[0], octets[1], octets[2], octets[3]]);
        let v4_bits = u128::from(v4.to_bits());
        addresses.push(match family % 5 {
            0 => v4.into(),
            1 => Ipv6Addr::from_bits(bits).into(),
            2 => v4.to_ipv6_mapped().into(),
            3 => Ipv6Addr::from_bits(0x64 << 112 | 0xff9b << 96 | v4_bits).into(),
            _ => Ipv6Addr::from_bits(0x2002 << 112 | v4_bits << 80 | (bits >> 40 & 0xffff)).into(),
        });
    }
    let guard = Guard::default();
    let good = addresses.iter().filter(|address| is_public(**address)).count();
    match guard.vet(&addresses, Reach::Public) {
        Ok(vetted) => {
            assert_eq!((good, vetted.as_slice()), (addresses.len(), addresses.as_slice()));
            assert_eq!(guard.vet(&addresses, Reach::Sandbox).as_ref(), Ok(&addresses));
        }
        Err(Refused::NoAddress) => assert!(addresses.is_empty()),
        Err(Refused::Mixed { accepted, .. }) => assert!(accepted == good && good > 0),
        Err(other) => assert!(good == 0, "{addresses:?}: {other}"),
    }
}

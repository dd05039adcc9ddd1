//! Ports and host names that are refused before any DNS question is asked.

/// The Fetch standard's bad ports (<https://fetch.spec.whatwg.org/#port-blocking>), sorted: each
/// is another protocol's, and an HTTP request there could be read as commands of that protocol.
const BAD_PORTS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// Suffixes of names that never leave a local network, and who says so.
const LOCAL_SUFFIXES: [(&str, &str); 5] = [
    ("localhost", "it names this machine (RFC 6761)"),
    ("local", "it is a multicast DNS name (RFC 6762)"),
    ("internal", "it is a private-use name (ICANN, .internal)"),
    ("home.arpa", "it is a home network's name (RFC 8375)"),
    ("onion", "it is not a DNS name (RFC 7686)"),
];

/// Names by which clouds publish a machine's credentials.
const METADATA_NAMES: [&str; 4] =
    ["metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

/// Whether the Fetch standard blocks `port`.
pub(super) fn is_bad_port(port: u16) -> bool {
    BAD_PORTS.binary_search(&port).is_ok()
}

/// Whether `name` (lower case, no final dot) is a cloud metadata service.
pub(super) fn is_metadata(name: &str) -> bool {
    METADATA_NAMES.iter().any(|suffix| is_within(name, suffix))
}

/// Why `name` (lower case, no final dot) means something only on a local network, if so.
pub(super) fn local_suffix(name: &str) -> Option<&'static str> {
    if let Some((_, why)) = LOCAL_SUFFIXES.iter().find(|(suffix, _)| is_within(name, suffix)) {
        return Some(why);
    }
    (!name.contains('.')).then_some("a name of one label is completed by the local resolver")
}

/// Whether `name` is `suffix` or a name below it.
fn is_within(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_table_is_sorted_so_that_the_search_finds_every_entry() {
        assert!(BAD_PORTS.is_sorted());
        assert!(BAD_PORTS.iter().all(|port| is_bad_port(*port)));
        assert!([443, 80, 3000, 8080, 8443].iter().all(|port| !is_bad_port(*port)));
    }

    #[test]
    fn a_suffix_counts_only_at_a_label_boundary() {
        assert!(local_suffix("printer.local").is_some());
        assert_eq!(local_suffix("notlocal.com"), None);
        assert_eq!(local_suffix("hooks.mylocalhost.com"), None);
        assert_eq!(local_suffix("shop.notinternal"), None);
        assert!(is_metadata("x.metadata.google.internal"));
        assert!(!is_metadata("my-metadata.goog.com"));
    }
}

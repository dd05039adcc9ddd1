//! From which addresses of this machine deliveries leave, where integrators let only known ones in.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpSocket, TcpStream};

/// Addresses that nothing may leave without; none: whichever the system takes.
#[derive(Debug, Default)]
pub struct Egress {
    addresses: Vec<IpAddr>,
    taken: AtomicUsize,
}

/// An address that nothing can leave from.
#[derive(Debug, thiserror::Error)]
#[error(
    "nothing can leave from {address}, which is no address of this machine: {source}; `ip addr` lists those it has"
)]
pub struct BadEgress {
    address: IpAddr,
    source: io::Error,
}

impl Egress {
    /// Deliveries leave from these, in turn. Each must be an address of this machine.
    pub fn new(addresses: Vec<IpAddr>) -> Result<Self, BadEgress> {
        let mut known: Vec<IpAddr> = Vec::new();
        for address in addresses {
            let is_one = !address.is_unspecified() && !address.is_multicast();
            let bound = if is_one {
                TcpListener::bind(SocketAddr::new(address, 0)).map(drop)
            } else {
                Err(io::Error::new(
                    io::ErrorKind::AddrNotAvailable,
                    "it stands for no single address",
                ))
            };
            bound.map_err(|source| BadEgress { address, source })?;
            if !known.contains(&address) {
                known.push(address);
            }
        }
        Ok(Self { addresses: known, taken: AtomicUsize::new(0) })
    }

    /// Whether a receiver can be reached from one of them. What does not leave this machine needs none.
    pub(super) fn reaches(&self, peer: IpAddr) -> bool {
        self.addresses.is_empty() || peer.is_loopback() || self.fitting(peer).next().is_some()
    }

    /// Connects from the next of them that is of the receiver's family; past those that this machine has lost.
    pub(super) async fn connect(&self, peer: SocketAddr) -> io::Result<TcpStream> {
        let fitting: Vec<IpAddr> = self.fitting(peer.ip()).collect();
        let turn = self.taken.fetch_add(1, Ordering::Relaxed).checked_rem(fitting.len());
        let in_turn = fitting.iter().cycle().skip(turn.unwrap_or_default()).take(fitting.len());
        match first_bound(in_turn.copied()) {
            Some(socket) => socket?.connect(peer).await,
            None => TcpStream::connect(peer).await,
        }
    }

    fn fitting(&self, peer: IpAddr) -> impl Iterator<Item = IpAddr> {
        let fits = move |from: &IpAddr| {
            from.is_ipv4() == peer.is_ipv4() && from.is_loopback() == peer.is_loopback()
        };
        self.addresses.iter().copied().filter(fits)
    }
}

/// A socket that leaves from the first of these that this machine still has; `None`: there are none to choose from.
fn first_bound(addresses: impl Iterator<Item = IpAddr>) -> Option<io::Result<TcpSocket>> {
    let mut lost = None;
    for from in addresses {
        match socket(from) {
            Ok(socket) => return Some(Ok(socket)),
            Err(error) => lost = Some(Err(error)),
        }
    }
    lost
}

/// A socket that leaves from an address. That it cannot is no receiver's fault, and is said where its tries are on record.
fn socket(from: IpAddr) -> io::Result<TcpSocket> {
    let socket = if from.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(from, 0)).map_err(|error| {
        let why =
            format!("nothing leaves from {from} of `egress.addresses` on this machine: {error}");
        io::Error::new(error.kind(), why)
    })?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn connections_leave_from_each_address_in_turn() {
        let receiver = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = receiver.local_addr().unwrap();
        let egress = Egress::new(vec![ip("127.0.0.2"), ip("127.0.0.3"), ip("127.0.0.2")]).unwrap();
        let mut seen = Vec::new();
        for _ in 0..4 {
            let _connected = egress.connect(at).await.unwrap();
            seen.push(receiver.accept().await.unwrap().1.ip().to_string());
        }
        assert_eq!(seen, ["127.0.0.2", "127.0.0.3", "127.0.0.2", "127.0.0.3"]);
    }

    #[test]
    fn only_an_address_of_this_machine_can_be_left_from() {
        for address in ["192.0.2.1", "0.0.0.0", "::", "224.0.0.1", "2001:db8::1"] {
            let told = Egress::new(vec![ip(address)]).unwrap_err().to_string();
            assert!(told.starts_with(&format!("nothing can leave from {address}")), "{told}");
        }
    }

    #[test]
    fn a_receiver_of_the_other_family_is_not_reached_from_any_other_address() {
        let egress = Egress { addresses: vec![ip("203.0.113.7")], ..Egress::default() };
        assert!(egress.reaches(ip("198.51.100.1")) && egress.reaches(ip("127.0.0.1")));
        assert!(!egress.reaches(ip("2001:db8::1")));
        assert!(Egress::default().reaches(ip("2001:db8::1")));
    }

    #[tokio::test]
    async fn an_address_that_the_machine_lost_is_passed_over() {
        let addresses = [ip("203.0.113.7"), ip("127.0.0.2"), ip("127.0.0.3")];
        let socket = first_bound(addresses.into_iter()).expect("there are some").unwrap();
        assert_eq!(socket.local_addr().unwrap().ip(), ip("127.0.0.2"));
        assert!(first_bound([].into_iter()).is_none());
    }

    #[tokio::test]
    async fn an_address_that_the_machine_lost_is_told_as_ours_and_not_the_receivers() {
        let lost = vec![ip("203.0.113.7"), ip("203.0.113.8")];
        let egress = Egress { addresses: lost, ..Egress::default() };
        let error = egress.connect("198.51.100.1:443".parse().unwrap()).await.unwrap_err();
        let why = error.to_string();
        assert!(why.starts_with("nothing leaves from 203.0.113."), "{why}");
    }
}

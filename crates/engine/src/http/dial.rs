//! A new connection: resolve, vet, connect, TLS. Only a vetted address is ever dialled.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::{Host, Url};

use super::egress::Egress;
use super::resolve::Resolve;
use super::tls;
use super::watch::{Phase, Watch};
use super::wire::Carrier;
use crate::guard::{Guard, Refused};
use crate::transport::{ErrorClass, Reach, Unreachable};

/// Addresses of one answer that are tried before the connection is given up.
const TRIES_MAX: usize = 3;

/// All that making a connection needs.
#[derive(Debug)]
pub(super) struct Dialler {
    pub(super) guard: Guard,
    pub(super) resolve: Resolve,
    pub(super) trust: Arc<ClientConfig>,
    pub(super) egress: Egress,
}

impl Dialler {
    /// Connects to the host of `url`; `watch` learns the phases and the address.
    pub(super) async fn dial(
        &self,
        url: &Url,
        reach: Reach,
        watch: &mut Watch,
    ) -> Result<Carrier, Unreachable> {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(refused(&Refused::NoHost));
        };
        let addresses = self.addresses(&host, reach, watch).await?;
        watch.enter(Phase::Connect);
        let stream = self.connect(&addresses, port, watch).await?;
        // Without this the last packet of a request may wait for the receiver's acknowledgement.
        // A socket that cannot be told so still delivers.
        let _ = stream.set_nodelay(true);
        if url.scheme() != "https" {
            return Ok(Carrier::Tcp(stream));
        }
        watch.enter(Phase::Tls);
        let stream = tls::handshake(&self.trust, &host, stream).await?;
        Ok(Carrier::Tls(Box::new(stream)))
    }

    async fn addresses(
        &self,
        host: &Host<&str>,
        reach: Reach,
        watch: &mut Watch,
    ) -> Result<Vec<IpAddr>, Unreachable> {
        let answers = match host {
            Host::Ipv4(address) => vec![IpAddr::from(*address)],
            Host::Ipv6(address) => vec![IpAddr::from(*address)],
            Host::Domain(name) => {
                watch.enter(Phase::Dns);
                self.resolve.addresses(name).await.map_err(|error| {
                    let detail = format!("host `{name}` could not be resolved: {error}");
                    Unreachable::new(ErrorClass::Dns, detail)
                })?
            }
        };
        let mut vetted = self.guard.vet(&answers, reach).map_err(|why| refused(&why))?;
        vetted.retain(|address| self.egress.reaches(*address));
        if vetted.is_empty() {
            let detail = "the receiver's addresses are of a family (IPv4, IPv6) that none of `egress.addresses` is of";
            return Err(Unreachable::new(ErrorClass::Connect, detail.to_owned()));
        }
        Ok(vetted)
    }

    /// Tries the chosen addresses in turn. Each but the last gets its share of the time that is left,
    /// so that one that swallows packets does not use up what the next one needs.
    async fn connect(
        &self,
        addresses: &[IpAddr],
        port: u16,
        watch: &mut Watch,
    ) -> Result<TcpStream, Unreachable> {
        let chosen = choose(addresses);
        let mut left = u32::try_from(chosen.len()).unwrap_or(u32::MAX);
        let mut last = None;
        for address in chosen {
            watch.peer = Some(address);
            let share = watch.remaining() / left.max(1);
            left = left.saturating_sub(1);
            let at = SocketAddr::new(address, port);
            match timeout(share, self.egress.connect(at)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = Some(unconnected(at, &error)),
                Err(_) => last = Some(watch.timed_out()),
            }
        }
        Err(last.unwrap_or_else(|| watch.timed_out()))
    }
}

/// A refusal as the outcome of a try. A name without addresses is the resolver's doing, not ours.
pub(super) fn refused(why: &Refused) -> Unreachable {
    let class = match why {
        Refused::NoAddress => ErrorClass::Dns,
        Refused::PlainHttp
        | Refused::Scheme { .. }
        | Refused::Credentials
        | Refused::Length { .. }
        | Refused::NoHost
        | Refused::Port { .. }
        | Refused::LocalName { .. }
        | Refused::MetadataName { .. }
        | Refused::Address { .. }
        | Refused::Mixed { .. } => ErrorClass::Refused,
    };
    Unreachable::new(class, why.to_string())
}

/// At most [`TRIES_MAX`] addresses in the resolver's order, except that the second is of the other
/// family if there is one: a host whose IPv6 is broken is then reached by IPv4.
fn choose(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut chosen = addresses.to_vec();
    if let Some(first) = chosen.first().copied()
        && let Some(other) = chosen.iter().position(|one| one.is_ipv4() != first.is_ipv4())
    {
        let other = chosen.remove(other);
        chosen.insert(1, other);
    }
    chosen.truncate(TRIES_MAX);
    chosen
}

fn unconnected(at: SocketAddr, error: &io::Error) -> Unreachable {
    let detail = if error.kind() == io::ErrorKind::ConnectionRefused {
        format!("nothing listens at {at} (connection refused)")
    } else {
        format!("could not connect to {at}: {error}")
    };
    Unreachable::new(ErrorClass::Connect, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_second_try_is_of_the_other_family_and_there_are_three() {
        let answer = ips(&["2a00::1", "2a00::2", "2a00::3", "8.8.8.8", "8.8.4.4"]);
        assert_eq!(choose(&answer), ips(&["2a00::1", "8.8.8.8", "2a00::2"]));
        let answer = ips(&["8.8.8.8", "8.8.4.4"]);
        assert_eq!(choose(&answer), answer);
        assert_eq!(choose(&[]), Vec::<IpAddr>::new());
    }
}

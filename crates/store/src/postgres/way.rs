//! The way to a database: its URL, and TLS in the words of libpq. `prefer` and `require` encrypt and ask
//! for no proof, `verify-ca` wants a certificate from an authority that is trusted, `verify-full` one
//! for this host.

use std::str::FromStr;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig};
use futures::StreamExt;
use futures::stream::{BoxStream, poll_fn};
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long it may take to connect, unless the URL says otherwise.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long what was sent may go unacknowledged, unless the URL says otherwise: a database that vanished
/// without a word is noticed by it.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How TLS is spoken, by what the server has to prove.
#[derive(Clone)]
pub struct Tls {
    /// For servers that have to prove nothing.
    pub unproven: MakeRustlsConnect,
    /// For servers that have to show a certificate from an authority that is trusted.
    pub authority: MakeRustlsConnect,
    /// For servers that have to show such a certificate for their name.
    pub authority_and_name: MakeRustlsConnect,
}

/// How a database is connected to.
#[derive(Clone)]
pub(super) struct Way {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

/// What a connection hears; it works only while somebody listens.
pub(super) type Messages = BoxStream<'static, Result<AsyncMessage, Error>>;

impl Way {
    /// Reads a URL; `None` where it is none.
    pub(super) fn read(url: &str, tls: Option<&Tls>) -> Option<Self> {
        let (url, proof) = Proof::taken_out(url);
        let mut config = Config::from_str(&url).ok()?;
        config.application_name("posthorn");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_WITHIN);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(ANSWER_WITHIN);
        }
        let tls = tls.cloned().map(|tls| match proof {
            Proof::Nothing => tls.unproven,
            Proof::Authority => tls.authority,
            Proof::AuthorityAndName => tls.authority_and_name,
        });
        Some(Self { config, tls })
    }

    /// One connection.
    pub(super) async fn connect(&self) -> Result<(Client, Messages), Error> {
        Ok(if let Some(tls) = &self.tls {
            let (client, mut connection) = self.config.connect(tls.clone()).await?;
            (client, poll_fn(move |context| connection.poll_message(context)).boxed())
        } else {
            let (client, mut connection) = self.config.connect(NoTls).await?;
            (client, poll_fn(move |context| connection.poll_message(context)).boxed())
        })
    }

    /// What makes connections for a pool.
    pub(super) fn for_a_pool(&self, how: ManagerConfig) -> Manager {
        let config = self.config.clone();
        match &self.tls {
            Some(tls) => Manager::from_config(config, tls.clone(), how),
            None => Manager::from_config(config, NoTls, how),
        }
    }
}

/// What a server has to prove by its certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Nothing,
    Authority,
    AuthorityAndName,
}

impl Proof {
    /// The two words that only libpq knows, and the URL with `require` in their place.
    fn taken_out(url: &str) -> (String, Self) {
        let of = |word: &str| match word.trim_matches('\'') {
            "sslmode=verify-ca" | "sslmode='verify-ca" => Some(Self::Authority),
            "sslmode=verify-full" | "sslmode='verify-full" => Some(Self::AuthorityAndName),
            _ => None,
        };
        let (before, words, between) = match url.rsplit_once('?') {
            Some((before, words)) if url.contains("://") => (format!("{before}?"), words, '&'),
            Some(_) | None => (String::new(), url, ' '),
        };
        let mut proof = Self::Nothing;
        let words: Vec<&str> = words
            .split(between)
            .map(|word| match of(word) {
                Some(asked) => {
                    proof = asked;
                    "sslmode=require"
                }
                None => word,
            })
            .collect();
        (before + &words.join(&between.to_string()), proof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_libpq_are_understood_in_both_forms() {
        for (url, without, proof) in [
            ("postgres://a@b/c?sslmode=verify-full", "postgres://a@b/c?sslmode=require", "Name"),
            (
                "postgres://a@b/c?connect_timeout=3&sslmode=verify-ca",
                "postgres://a@b/c?connect_timeout=3&sslmode=require",
                "Authority",
            ),
            ("host=b sslmode='verify-full' user=a", "host=b sslmode=require user=a", "Name"),
            ("host=b sslmode=prefer", "host=b sslmode=prefer", "Nothing"),
            ("postgres://a:sslmode=verify-ca@b/c", "postgres://a:sslmode=verify-ca@b/c", "Nothing"),
        ] {
            let (told, asked) = Proof::taken_out(url);
            assert_eq!(told, without);
            assert!(format!("{asked:?}").ends_with(proof), "{url}: {asked:?}");
        }
    }
}

//! TLS on the way to PostgreSQL: what each word of the URL asks of the server's certificate.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::sync::mpsc;

use futures::executor::block_on;
use posthorn_engine::postgres_tls::postgres_tls;
use posthorn_store::Store;
use posthorn_store::conformance::throw_away::database;
use posthorn_store::postgres::{OpenError, Options, Postgres, Tls};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A door before the throw-away server that speaks TLS as PostgreSQL does, under a certificate of its
/// own for `name`. It stays open until the test's process ends.
struct SealedDoor {
    url: String,
    tls: Tls,
}

impl SealedDoor {
    fn open(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let tls = postgres_tls(&[cert.der().clone()]).unwrap();
        let url = database();
        let (before, rest) = url.split_once('@').unwrap();
        let (behind, database) = rest.split_once('/').unwrap();
        let behind = behind.to_owned();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let (acceptor, mut guests) = (TlsAcceptor::from(Arc::new(server)), JoinSet::new());
                while let Ok((guest, _)) = listener.accept().await {
                    guests.spawn(lead_in(guest, acceptor.clone(), behind.clone()));
                }
            });
        });
        let address = told.recv().unwrap();
        Self { url: format!("{before}@{address}/{database}"), tls }
    }

    fn options(&self, sslmode: &str) -> Options {
        Options {
            tls: Some(self.tls.clone()),
            ..Options::new(&format!("{}?sslmode={sslmode}", self.url))
        }
    }
}

/// A guest asks for TLS first, is told that there is, and is led in after the handshake.
async fn lead_in(mut guest: TcpStream, acceptor: TlsAcceptor, behind: String) {
    let mut asked = [0; 8];
    guest.read_exact(&mut asked).await.unwrap();
    if asked != [0, 0, 0, 8, 4, 210, 22, 47] {
        return;
    }
    guest.write_all(b"S").await.unwrap();
    let Ok(mut guest) = acceptor.accept(guest).await else { return };
    let mut server = TcpStream::connect(behind).await.unwrap();
    let _cut = tokio::io::copy_bidirectional(&mut guest, &mut server).await;
}

fn works(options: &Options) {
    let store = Postgres::open(options).unwrap();
    assert_eq!(block_on(store.last_event()), Ok(None));
}

fn refused(options: &Options) -> String {
    match Postgres::open(options).map(drop) {
        Err(OpenError::Unusable { detail }) => detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_for_this_host_from_a_trusted_authority_is_enough_for_every_word() {
    let door = SealedDoor::open("127.0.0.1");
    for sslmode in ["prefer", "require", "verify-ca", "verify-full"] {
        works(&door.options(sslmode));
    }
}

#[test]
fn a_certificate_for_another_host_is_refused_by_verify_full_alone() {
    let door = SealedDoor::open("other.example");
    works(&door.options("require"));
    works(&door.options("verify-ca"));
    let said = refused(&door.options("verify-full"));
    assert!(said.contains("not valid for name"), "{said}");
}

#[test]
fn a_certificate_from_a_strange_authority_is_refused_where_one_is_asked_for() {
    let (door, strange) = (SealedDoor::open("127.0.0.1"), SealedDoor::open("127.0.0.1"));
    let with = |sslmode| Options { tls: Some(strange.tls.clone()), ..door.options(sslmode) };
    works(&with("require"));
    for sslmode in ["verify-ca", "verify-full"] {
        let said = refused(&with(sslmode));
        assert!(said.contains("UnknownIssuer") || said.contains("BadSignature"), "{said}");
    }
}

#[test]
fn a_server_without_tls_is_refused_by_all_who_ask_for_it() {
    let door = SealedDoor::open("127.0.0.1");
    let plain = database();
    let with = |sslmode| Options {
        tls: Some(door.tls.clone()),
        ..Options::new(&format!("{plain}?sslmode={sslmode}"))
    };
    works(&with("disable"));
    works(&with("prefer"));
    for sslmode in ["require", "verify-ca", "verify-full"] {
        let said = refused(&with(sslmode));
        assert!(said.contains("server does not support TLS"), "{said}");
    }
}

#[test]
fn who_wants_no_tls_is_refused_by_a_server_that_wants_it() {
    refused(&SealedDoor::open("127.0.0.1").options("disable"));
}

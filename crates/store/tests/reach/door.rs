//! A door before the throw-away server that can be shut: who went through it is put out, and who comes
//! is refused.

use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// The door; shut when it is dropped.
pub(crate) struct Door {
    address: SocketAddr,
    behind: Arc<Mutex<String>>,
    closing: Arc<AtomicBool>,
    inside: Arc<Mutex<Vec<TcpStream>>>,
    porter: Option<JoinHandle<()>>,
}

impl Door {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut door = Self {
            address,
            behind: Arc::default(),
            closing: Arc::default(),
            inside: Arc::default(),
            porter: None,
        };
        door.serve(listener);
        door
    }

    /// The same database, through this door.
    pub(crate) fn leading_to(&self, url: &str) -> String {
        let (before, rest) = url.split_once('@').unwrap();
        let (server, name) = rest.split_once('/').unwrap();
        server.clone_into(&mut self.behind.lock().unwrap());
        format!("{before}@{}/{name}", self.address)
    }

    pub(crate) fn open_again(&mut self) {
        self.serve(TcpListener::bind(self.address).unwrap());
    }

    pub(crate) fn shut(&mut self) {
        let Some(porter) = self.porter.take() else { return };
        self.closing.store(true, Ordering::Relaxed);
        // One more comes, so that the porter looks up.
        drop(TcpStream::connect(self.address));
        porter.join().unwrap();
        for stream in self.inside.lock().unwrap().drain(..) {
            let _gone_already = stream.shutdown(Shutdown::Both);
        }
    }

    fn serve(&mut self, listener: TcpListener) {
        let (behind, inside) = (self.behind.clone(), self.inside.clone());
        let closing = self.closing.clone();
        closing.store(false, Ordering::Relaxed);
        self.porter = Some(std::thread::spawn(move || {
            for client in listener.incoming() {
                if closing.load(Ordering::Relaxed) {
                    return;
                }
                let behind = behind.lock().unwrap().clone();
                let (client, server) = (client.unwrap(), TcpStream::connect(behind).unwrap());
                let both = [client.try_clone().unwrap(), server.try_clone().unwrap()];
                inside.lock().unwrap().extend(both);
                carry(client.try_clone().unwrap(), server.try_clone().unwrap());
                carry(server, client);
            }
        }));
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut();
    }
}

/// Until one of the two goes.
fn carry(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _cut = std::io::copy(&mut from, &mut to);
        let _gone_already = to.shutdown(Shutdown::Both);
    });
}

//! Room for the bodies of all requests together, so that many large ones cannot take the memory of the rest.
//!
//! A caller may hold no more than is left free, so one alone has half of the room and leaves the other half to the
//! others, whoever comes first (the "dynamic threshold" of `posthorn_engine`'s places).

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, header};

/// Bytes of bodies that are held at once, at most: of requests that are being read or carried out. What is
/// made of an event takes several times as much.
pub const BODIES_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The same of those who have no key. They have a room of their own, so that they take none from those who have one.
pub(crate) const STRANGERS_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The bytes that may be held at once, of all requests together.
#[derive(Debug, Clone)]
pub(crate) struct Bodies {
    held: Arc<Mutex<Held>>,
    callers: RandomState,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    by_caller: HashMap<u64, usize>,
}

/// Room for a body, as much of it as is here; free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    bodies: Bodies,
    caller: u64,
    bytes: usize,
}

impl Bodies {
    /// Room for so many bytes.
    pub(crate) fn of(bytes_max: usize) -> Self {
        Self { held: Arc::default(), callers: RandomState::new(), bytes_max }
    }

    /// Room for a body of whoever sends these headers; none is taken yet. Callers are told apart by their key, however
    /// they write the header around it. For whoever was let in by that key: nobody else has any business here.
    pub(crate) fn room(&self, headers: &HeaderMap) -> Room {
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = header.and_then(|text| text.split_whitespace().next_back());
        self.room_of(key)
    }

    /// Room for a body of a caller who is told apart by this.
    pub(crate) fn room_of(&self, caller: impl Hash) -> Room {
        Room { bodies: self.clone(), caller: self.callers.hash_one(caller), bytes: 0 }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// Takes room for so many bytes more; `false` when there is none for this caller.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let mut held = self.bodies.held();
        let free = self.bodies.bytes_max.saturating_sub(held.all);
        let own = held.by_caller.get(&self.caller).copied().unwrap_or_default();
        if own + bytes > free {
            return false;
        }
        held.all += bytes;
        held.by_caller.insert(self.caller, own + bytes);
        self.bytes += bytes;
        true
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut held = self.bodies.held();
        held.all -= self.bytes;
        let Some(own) = held.by_caller.get_mut(&self.caller) else { return };
        *own -= self.bytes;
        if *own == 0 {
            held.by_caller.remove(&self.caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &'static str) -> HeaderMap {
        let value = http::HeaderValue::from_static(authorization);
        std::iter::once((header::AUTHORIZATION, value)).collect()
    }

    #[test]
    fn one_key_has_half_of_the_room_however_it_is_written() {
        let bodies = Bodies::of(BODIES_BYTES_MAX);
        let mebibyte = 1024 * 1024;
        let spellings = ["Bearer k", "bearer k", "BEARER   k ", "bEaReR k"];
        let rooms: Vec<Room> = spellings
            .iter()
            .cycle()
            .map(|spelling| bodies.room(&headers(spelling)))
            .map_while(|mut room| room.grow(mebibyte).then_some(room))
            .collect();
        assert_eq!(rooms.len() * mebibyte, BODIES_BYTES_MAX / 2);
        assert!(bodies.room(&headers("Bearer another")).grow(8 * mebibyte));
    }
}

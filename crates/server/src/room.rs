//! Room for the bodies of all requests together, so that many large ones cannot take the memory of the rest.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of bodies that are held at once, at most: of requests that are being read or carried out. What is
/// made of an event takes several times as much.
pub const BODIES_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The bytes that may be held at once, of all requests together.
#[derive(Debug, Clone)]
pub(crate) struct Bodies(Arc<Semaphore>);

/// Room for a body, as much of it as is here; free again when this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room(Option<OwnedSemaphorePermit>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BODIES_BYTES_MAX)))
    }
}

impl Room {
    /// Takes room for so many bytes more; `false` when there is none.
    pub(crate) fn grow(&mut self, bytes: usize, bodies: &Bodies) -> bool {
        let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
        let Ok(more) = Arc::clone(&bodies.0).try_acquire_many_owned(permits) else { return false };
        match &mut self.0 {
            Some(own) => own.merge(more),
            None => self.0 = Some(more),
        }
        true
    }
}

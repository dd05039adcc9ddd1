//! Packing calls, on a thread of its own: that takes milliseconds.
//!
//! Whoever waits for it may be dropped meanwhile, with the request that it reads for. So the work stands beside what was taken, and
//! the next one to write waits for it; what was noted of its calls is released however it ends.

use std::sync::Arc;

use posthorn_core::history::Block;
use tokio::task::JoinHandle;

use super::{BoxedSeen, Calls, Portion};

/// What was taken and is not written yet.
#[derive(Default)]
pub(crate) struct Unwritten {
    pub(crate) calls: Vec<BoxedSeen>,
    /// What is being packed.
    packing: Option<Packing>,
    /// What the database would not take yet, and what it was made of.
    pub(crate) block: Option<(Block, Arc<Portion>)>,
}

struct Packing {
    portion: Arc<Portion>,
    work: JoinHandle<Option<Block>>,
}

impl Unwritten {
    /// Whether all that was taken is written.
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.packing.is_none() && self.block.is_none()
    }

    /// Begins to make a block of a portion.
    pub(crate) fn pack(
        &mut self,
        portion: Portion,
        pack: impl FnOnce(&Portion) -> Option<Block> + Send + 'static,
    ) {
        let portion = Arc::new(portion);
        let packed = Arc::clone(&portion);
        let work = tokio::task::spawn_blocking(move || pack(&packed));
        self.packing = Some(Packing { portion, work });
    }

    /// Waits until what is being packed is a block; how many calls were dropped because they cannot be packed.
    pub(crate) async fn packed(&mut self, calls: &Calls) -> usize {
        let Some(packing) = &mut self.packing else { return 0 };
        let done = (&mut packing.work).await;
        let Some(Packing { portion, .. }) = self.packing.take() else { return 0 };
        let block = done.unwrap_or_else(|error| {
            tracing::error!(%error, "calls could not be packed for the request history");
            None
        });
        let Some(block) = block else {
            calls.written(&portion);
            return portion.calls.len();
        };
        self.block = Some((block, portion));
        0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures::FutureExt;

    use super::*;
    use crate::calls::{portion, tests::seen};

    /// A buffer with two calls in it, and those as a portion.
    fn two() -> (Calls, Portion) {
        let calls = Calls::default();
        assert!((0..2).all(|second| calls.put(seen(second, 10))));
        let portion = portion(&mut calls.take()).unwrap();
        (calls, portion)
    }

    /// How many calls are held, and their bytes.
    fn held(calls: &Calls) -> (usize, usize) {
        let waiting = calls.lock();
        (waiting.held, waiting.bytes)
    }

    fn block() -> Block {
        Block {
            number: 1,
            first_ms: 0,
            last_ms: 0,
            calls: 2,
            sections: Vec::new(),
            brought: Vec::new(),
            body: Vec::new(),
        }
    }

    #[tokio::test]
    async fn whoever_leaves_while_calls_are_packed_leaves_them_to_the_next() {
        let (calls, portion) = two();
        let (go, gone) = mpsc::channel::<()>();
        let mut unwritten = Unwritten::default();
        unwritten.pack(portion, move |_| {
            gone.recv().unwrap();
            Some(block())
        });
        assert!(unwritten.packed(&calls).now_or_never().is_none(), "it is at work");
        go.send(()).unwrap();
        assert_eq!(unwritten.packed(&calls).await, 0);
        let (found, portion) = unwritten.block.take().unwrap();
        assert_eq!((found, held(&calls).0), (block(), 2));
        calls.written(&portion);
        assert_eq!(held(&calls), (0, 0));
    }

    #[tokio::test]
    async fn calls_that_cannot_be_packed_are_held_no_longer() {
        for packs in [|_: &Portion| panic!("a story of a bug"), |_: &Portion| None] {
            let (calls, portion) = two();
            let mut unwritten = Unwritten::default();
            unwritten.pack(portion, packs);
            assert_eq!(unwritten.packed(&calls).await, 2);
            assert_eq!(held(&calls), (0, 0));
            assert!(unwritten.block.is_none());
        }
    }
}

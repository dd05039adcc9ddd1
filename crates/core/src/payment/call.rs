//! A request to a provider, from before it is sent until it is known what came of it.
//!
//! *Prepared* is on disk before anything is sent, *sent* before the provider is spoken to. So a crash leaves either a request
//! that was certainly never sent, or one that may have been: the first is sent, the second is only asked about.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::RequestId;

/// How long an answer is waited for before somebody asks what came of it.
pub const ANSWER_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// The first wait before asking again about what nobody knows; it doubles.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// The longest.
const ASK_AGAIN_MAX: SignedDuration = SignedDuration::from_hours(1);

/// A request to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its id, which the provider is given.
    pub request: RequestId,
    /// How far it is.
    pub stage: Stage,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Stage {
    /// Written down, not sent: whoever finds it at `from` sends it.
    Prepared {
        /// When somebody else takes it up.
        from: Timestamp,
    },
    /// Sent, and the answer is awaited: whoever finds it at `ask` asks.
    Sent {
        /// When to ask.
        ask: Timestamp,
    },
    /// The answer was lost: only the provider can tell.
    Unknown {
        /// When to ask.
        ask: Timestamp,
        /// How often it was asked.
        asked: u32,
    },
    /// The provider has answered; what it said stands elsewhere.
    Answered,
}

/// What to do about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Todo {
    /// Send it: it never was.
    Send,
    /// Ask what came of it.
    Query,
}

impl Call {
    /// A request that is written down at `now`.
    #[must_use]
    pub fn prepared(request: RequestId, now: Timestamp) -> Self {
        Self { request, stage: Stage::Prepared { from: after(now, ANSWER_WITHIN) } }
    }

    /// It is about to be sent; `None` when somebody else has done so.
    #[must_use]
    pub fn sent(self, now: Timestamp) -> Option<Self> {
        match self.stage {
            Stage::Prepared { .. } => {
                Some(Self { stage: Stage::Sent { ask: after(now, ANSWER_WITHIN) }, ..self })
            }
            Stage::Sent { .. } | Stage::Unknown { .. } | Stage::Answered => None,
        }
    }

    /// Its answer was lost, or the provider could not be asked.
    #[must_use]
    pub fn lost(self, now: Timestamp) -> Self {
        let asked = match self.stage {
            Stage::Unknown { asked, .. } => asked.saturating_add(1),
            Stage::Prepared { .. } | Stage::Sent { .. } | Stage::Answered => 0,
        };
        let wait = ASK_AGAIN.saturating_mul(1 << asked.min(16)).min(ASK_AGAIN_MAX);
        Self { stage: Stage::Unknown { ask: after(now, wait), asked }, ..self }
    }

    /// The provider has answered.
    #[must_use]
    pub fn answered(self) -> Self {
        Self { stage: Stage::Answered, ..self }
    }

    /// Whether it may have been carried out without our knowing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Answered)
    }

    /// When somebody must look after it.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Prepared { from } => Some(from),
            Stage::Sent { ask } | Stage::Unknown { ask, .. } => Some(ask),
            Stage::Answered => None,
        }
    }

    /// What to do about it at `now`.
    #[must_use]
    pub fn todo(&self, now: Timestamp) -> Option<Todo> {
        match self.stage {
            Stage::Prepared { from } if from <= now => Some(Todo::Send),
            Stage::Sent { ask } | Stage::Unknown { ask, .. } if ask <= now => Some(Todo::Query),
            Stage::Prepared { .. }
            | Stage::Sent { .. }
            | Stage::Unknown { .. }
            | Stage::Answered => None,
        }
    }
}

fn after(now: Timestamp, wait: SignedDuration) -> Timestamp {
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_305_600 + second).unwrap()
    }

    #[test]
    fn what_was_never_sent_is_sent_and_what_may_have_been_is_asked_about() {
        let call = Call::prepared(RequestId::from_i64(7), at(0));
        assert_eq!(call.todo(at(59)), None, "whoever wrote it is at it");
        assert_eq!(call.todo(at(60)), Some(Todo::Send));
        let sent = call.sent(at(1)).unwrap();
        assert_eq!(sent.todo(at(61)), Some(Todo::Query));
        assert_eq!(sent.clone().sent(at(2)), None, "one of two servers sends it");
        assert_eq!(sent.answered().todo(at(9_999)), None);
    }

    #[test]
    fn it_is_asked_about_ever_more_seldom() {
        let mut call = Call::prepared(RequestId::from_i64(7), at(0)).sent(at(0)).unwrap();
        let mut waits = Vec::new();
        for _ in 0..12 {
            call = call.lost(at(0));
            waits.push(call.wake().unwrap().duration_since(at(0)).as_secs());
        }
        assert_eq!(waits, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
    }
}

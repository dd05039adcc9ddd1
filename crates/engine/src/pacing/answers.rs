//! How an endpoint answers, as far as it is known.

use posthorn_core::outcome::Outcome;

/// What came back from a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// An answer, whatever it says.
    Answer,
    /// An answer that took seconds, whatever it says.
    SlowAnswer,
    /// None: nobody was there, or the connection broke.
    Nothing,
    /// None in time.
    NothingInTime,
}

impl Heard {
    pub(super) fn is_answer(self) -> bool {
        matches!(self, Self::Answer | Self::SlowAnswer)
    }
}

/// How an endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// Nothing is known, or not that it does well.
    NotYet,
    Well,
    /// It did well, and of its last try there was no answer.
    Broke,
    /// There was no answer in time, or none and it is not known to have done well.
    Not,
}

impl Answers {
    /// What is known after one more try.
    pub(super) fn after(self, outcome: Outcome, heard: Heard) -> Self {
        match (heard, self) {
            (Heard::NothingInTime, _) | (Heard::Nothing, Self::NotYet | Self::Not) => Self::Not,
            (Heard::Nothing, Self::Well | Self::Broke) => Self::Broke,
            (Heard::Answer | Heard::SlowAnswer, _) if outcome == Outcome::Success => Self::Well,
            (Heard::Answer | Heard::SlowAnswer, Self::Well | Self::Broke) => Self::Well,
            (Heard::Answer | Heard::SlowAnswer, Self::NotYet | Self::Not) => Self::NotYet,
        }
    }

    /// Whether it has not answered in time lately, or not yet.
    pub(super) fn is_doubtful(self) -> bool {
        matches!(self, Self::NotYet | Self::Not)
    }

    /// Whether its last try got no answer at all.
    pub(super) fn is_silent(self) -> bool {
        matches!(self, Self::Broke | Self::Not)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: (Outcome, Heard) = (Outcome::Success, Heard::Answer);
    const REFUSES: (Outcome, Heard) = (Outcome::Failure { retry_after: None }, Heard::Nothing);
    const HANGS: (Outcome, Heard) = (Outcome::Failure { retry_after: None }, Heard::NothingInTime);
    const SAYS_NO: (Outcome, Heard) = (Outcome::Failure { retry_after: None }, Heard::Answer);

    /// Whether it is doubtful, and silent, after all that.
    fn after(tries: &[(Outcome, Heard)]) -> (bool, bool) {
        let known = tries
            .iter()
            .fold(Answers::NotYet, |known, (outcome, heard)| known.after(*outcome, *heard));
        (known.is_doubtful(), known.is_silent())
    }

    #[test]
    fn it_is_doubtful_until_it_does_well_and_again_when_it_hangs() {
        assert_eq!(after(&[]), (true, false));
        assert_eq!(after(&[SAYS_NO]), (true, false));
        assert_eq!(after(&[REFUSES]), (true, true));
        assert_eq!(after(&[WELL, SAYS_NO]), (false, false));
        assert_eq!(after(&[WELL, REFUSES]), (false, true));
        assert_eq!(after(&[WELL, REFUSES, SAYS_NO]), (false, false));
        assert_eq!(after(&[WELL, REFUSES, HANGS]), (true, true));
        assert_eq!(after(&[WELL, HANGS, REFUSES]), (true, true));
        assert_eq!(after(&[HANGS, SAYS_NO]), (true, false));
        assert_eq!(after(&[HANGS, WELL]), (false, false));
    }
}

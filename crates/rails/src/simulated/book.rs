//! What a rail knows of one request.

use jiff::Timestamp;
use posthorn_core::id::RequestId;
use posthorn_core::money::Money;
use posthorn_core::payment::{Command, Instrument, Movement, News, Refusal, Verdict};
use serde::{Deserialize, Serialize};

use super::number::Seed;
use super::{Moment, Rail, Told, Word, after, cards};

/// What a rail knows of one request: a value, kept as JSON by whoever uses the rail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    pub(super) request: RequestId,
    pub(super) rail: Rail,
    pub(super) money: Money,
    pub(super) seed: Seed,
    pub(super) affair: Affair,
    pub(super) standing: Standing,
    pub(super) foreseen: Option<Foreseen>,
}

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Affair {
    Charge(Charge),
    Capture,
    Cancel,
    Refund,
    Transfer,
    Payout,
}

/// What only a charge has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Charge {
    /// The money is only to be reserved.
    pub(super) hold: bool,
    /// The holder of this card disputes what was paid.
    pub(super) disputes: bool,
    /// The payer was shown how to pay, so that money can come late too.
    pub(super) shown: bool,
    /// Where the payer can be asked to confirm.
    pub(super) page: Option<String>,
    /// How often money came for it.
    pub(super) times: u32,
    /// What went back, in minor units.
    pub(super) refunded: i64,
    /// The last dispute.
    pub(super) dispute: Option<Dispute>,
}

/// A dispute; its id follows from its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dispute {
    pub(super) number: u32,
    pub(super) verdict: Option<Verdict>,
}

/// Where a request stands: what the rail says of it when it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Standing {
    Awaiting { instrument: Instrument },
    ActionRequired { url: String },
    Processing,
    Seen { transaction: String },
    Held,
    Done { movement: Movement },
    Refused { refusal: Refusal },
    Canceled,
    Expired,
}

/// What happens by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Foreseen {
    pub(super) at: Timestamp,
    pub(super) change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Change {
    /// What was asked is done: the payer pays, or the money arrives where it was sent.
    Finish,
    /// The payer pays a second time.
    PayAgain,
    Refuse {
        refusal: Refusal,
    },
    Dispute,
}

impl Book {
    /// The request it is about.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// The rail that wrote it.
    #[must_use]
    pub const fn rail(&self) -> Rail {
        self.rail
    }

    /// When something happens by itself, on the sandbox's clock.
    #[must_use]
    pub fn wake(&self) -> Option<Timestamp> {
        self.foreseen.as_ref().map(|foreseen| foreseen.at)
    }

    pub(super) fn open(rail: Rail, affair: Affair, command: &Command, moment: Moment) -> Self {
        Self {
            request: command.request,
            rail,
            money: command.money,
            seed: Seed::of(moment.chance),
            affair,
            standing: Standing::Processing,
            foreseen: None,
        }
    }

    /// What the rail says of it.
    pub(super) fn news(&self) -> News {
        match &self.standing {
            Standing::Awaiting { instrument } => News::Awaiting(instrument.clone()),
            Standing::ActionRequired { url } => News::ActionRequired { url: url.clone() },
            Standing::Processing => News::Processing,
            Standing::Seen { transaction } => News::Seen { transaction: transaction.clone() },
            Standing::Held => News::Authorized,
            Standing::Done { movement } => News::Done(movement.clone()),
            Standing::Refused { refusal } => News::Refused(refusal.clone()),
            Standing::Canceled => News::Canceled,
            Standing::Expired => News::Expired,
        }
    }

    pub(super) fn is_charge(&self, request: RequestId) -> bool {
        self.request == request && matches!(self.affair, Affair::Charge(_))
    }

    pub(super) fn charge(&self) -> Option<&Charge> {
        match &self.affair {
            Affair::Charge(charge) => Some(charge),
            Affair::Capture
            | Affair::Cancel
            | Affair::Refund
            | Affair::Transfer
            | Affair::Payout => None,
        }
    }

    pub(super) fn charge_mut(&mut self) -> Option<&mut Charge> {
        match &mut self.affair {
            Affair::Charge(charge) => Some(charge),
            Affair::Capture
            | Affair::Cancel
            | Affair::Refund
            | Affair::Transfer
            | Affair::Payout => None,
        }
    }

    /// Whether it may still become anything.
    pub(super) fn is_open(&self) -> bool {
        match self.standing {
            Standing::Awaiting { .. }
            | Standing::ActionRequired { .. }
            | Standing::Processing
            | Standing::Seen { .. }
            | Standing::Held => true,
            Standing::Done { .. }
            | Standing::Refused { .. }
            | Standing::Canceled
            | Standing::Expired => false,
        }
    }

    /// The money that it was about, if it has moved.
    pub(super) fn movement(&self) -> Option<&Movement> {
        match &self.standing {
            Standing::Done { movement } => Some(movement),
            Standing::Awaiting { .. }
            | Standing::ActionRequired { .. }
            | Standing::Processing
            | Standing::Seen { .. }
            | Standing::Held
            | Standing::Refused { .. }
            | Standing::Canceled
            | Standing::Expired => None,
        }
    }

    pub(super) fn foresee(&mut self, at: Timestamp, change: Change) {
        self.foreseen = Some(Foreseen { at, change });
    }

    /// It stands so now; what was foreseen does not come to pass.
    pub(super) fn stand(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self.foreseen = None;
        self
    }

    /// What was asked is done: reserved if that was asked, else the money moves.
    pub(super) fn finish(self, at: Timestamp) -> Self {
        let reserves = self.charge().is_some_and(|charge| charge.hold);
        if reserves && !matches!(self.standing, Standing::Held) {
            return self.stand(Standing::Held);
        }
        let (mut book, movement) = self.moves(at);
        let disputes = book.charge().is_some_and(|charge| charge.disputes);
        book = book.stand(Standing::Done { movement });
        if disputes {
            book.foresee(after(at, cards::DISPUTED_AFTER), Change::Dispute);
        }
        book
    }

    /// The whole of its money moves once, under a number of its own.
    pub(super) fn moves(mut self, at: Timestamp) -> (Self, Movement) {
        let transaction = self.transaction(at);
        if let Some(charge) = self.charge_mut() {
            charge.times = charge.times.saturating_add(1);
        }
        let settles = self.rail.settles_after().filter(|_| self.charge().is_some());
        let settles = settles.map(|wait| after(at, wait));
        let movement = Movement { transaction, money: self.money, at, settles };
        (self, movement)
    }

    /// It stands where it stands, and that is the news.
    pub(super) fn tell(self) -> Told {
        let word = Word::News(self.news());
        Told { book: self, word }
    }
}

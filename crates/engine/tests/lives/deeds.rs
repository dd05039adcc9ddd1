//! What merchants, payers and banks do.

use jiff::SignedDuration;
use posthorn_core::event::Mode;
use posthorn_core::id::{KeyId, MerchantId, PaymentId};
use posthorn_core::ledger::Account;
use posthorn_core::payment::{Payment, State};
use posthorn_engine::{By, Caller, Engine, EngineError, ForcedOutcome, RailMood, RequestKey};
use posthorn_store::{Page, StoreError};

use crate::chance::Chance;
use crate::wishes::{Order, Payoff, Way};
use crate::witness::Witness;

/// A merchant in test mode.
pub(crate) type Place = (MerchantId, Mode);

/// Payments that somebody chooses from.
const CHOICE: u32 = 40;

/// A command. A number chooses among what is there when its turn comes.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    Create(Order),
    Capture(u64),
    Cancel(u64),
    /// So many hundredths of it, under a key.
    Refund(u64, i64, Option<String>),
    Force(u64, ForcedOutcome),
    Mood(String, RailMood),
    Payout(Payoff),
    Advance(SignedDuration),
}

const ADVANCES_S: [i64; 10] = [1, 2, 5, 11, 61, 130, 310, 1_000, 3_700, 90_000];

fn outcome(chance: &mut Chance) -> ForcedOutcome {
    match chance.below(17) {
        0..=5 => ForcedOutcome::Succeed,
        6 => ForcedOutcome::Fail { code: "processing_error".to_owned() },
        7 => ForcedOutcome::Cancel,
        8 => ForcedOutcome::Expire,
        9 => ForcedOutcome::Process,
        10 => ForcedOutcome::RequireAction,
        11 => ForcedOutcome::PayPartly { minor: i64::try_from(chance.between(1, 20_000)).unwrap() },
        12 => ForcedOutcome::PayTwice,
        13 | 14 => ForcedOutcome::Dispute,
        15 => ForcedOutcome::DisputeWon,
        _ => ForcedOutcome::DisputeLost,
    }
}

/// Draws the next command of a merchant who has ordered this before.
pub(crate) fn draw(ways: &[Way], before: &mut Vec<Order>, chance: &mut Chance) -> Deed {
    let which = chance.next();
    match chance.below(100) {
        0..=27 => {
            let order = if !before.is_empty() && chance.percent(35) {
                chance.pick(before).clone().again(ways, chance)
            } else {
                Order::draw(ways, chance)
            };
            before.push(order.clone());
            Deed::Create(order)
        }
        28..=33 => Deed::Capture(which),
        34..=38 => Deed::Cancel(which),
        39..=50 => {
            let percent = *chance.pick(&[10, 30, 50, 100, 100, 120]);
            let key = chance.percent(40).then(|| format!("refund-{}", chance.below(2)));
            Deed::Refund(which, percent, key)
        }
        51..=70 => Deed::Force(which, outcome(chance)),
        71..=76 => {
            let moods = [RailMood::LosesAnswers, RailMood::LosesAnswers, RailMood::Down];
            let mood = if chance.percent(40) { RailMood::Well } else { *chance.pick(&moods) };
            Deed::Mood(chance.pick(ways).provider.clone(), mood)
        }
        77..=84 => Deed::Payout(Payoff::draw(ways, chance)),
        _ => Deed::Advance(SignedDuration::from_secs(*chance.pick(&ADVANCES_S))),
    }
}

/// Whoever gives the commands, to one life of the process.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) engine: Engine,
    pub(crate) place: Place,
    pub(crate) witness: Witness,
}

fn request(key: Option<&String>, path: &str, body: &str) -> Option<RequestKey> {
    key.map(|key| RequestKey::new(key.clone(), "POST", path, body.as_bytes()))
}

impl Client {
    fn caller(&self) -> Caller {
        Caller::Merchant { id: self.place.0, mode: self.place.1, by: By::Key(KeyId::from_i64(1)) }
    }

    pub(crate) async fn act(self, deed: Deed) {
        let what = format!("{deed:?}");
        let done = match deed {
            Deed::Create(order) => self.create(&order).await,
            Deed::Capture(which) => match self.some(which, &[State::Authorized]).await {
                Some(one) => self.engine.capture_payment(self.place, one.id).await.map(drop),
                None => Ok(()),
            },
            Deed::Cancel(which) => match self.some(which, OPEN).await {
                Some(one) => self.engine.cancel_payment(self.place, one.id).await.map(drop),
                None => Ok(()),
            },
            Deed::Refund(which, percent, key) => self.refund(which, percent, key).await,
            Deed::Force(which, outcome) => self.force(which, outcome).await,
            Deed::Mood(provider, mood) => self.engine.set_rail_mood(self.place, &provider, mood),
            Deed::Payout(payoff) => self.pay_out(&payoff).await,
            Deed::Advance(by) => self.advance(by).await,
        };
        if let Err(error) = done
            && is_broken(&error)
        {
            self.witness.violated("a command broke something", format!("{what}: {error}"));
        }
    }

    pub(crate) async fn advance(&self, by: SignedDuration) -> Result<(), EngineError> {
        self.engine.advance_clock(self.caller(), self.place, by, None).await.map(drop)
    }

    /// One of the payments that are there; most often one that stands where it should for what is to be done.
    async fn some(&self, which: u64, wanted: &[State]) -> Option<Payment> {
        let page = Page { after: None, limit: CHOICE };
        let all: Vec<Payment> = self.engine.payments(self.place, None, page).await.ok()?;
        let fits = |payment: &&Payment| wanted.contains(&payment.state);
        let fitting: Vec<&Payment> = all.iter().filter(fits).collect();
        let any: Vec<&Payment> = all.iter().collect();
        let from = if fitting.is_empty() || which.is_multiple_of(8) { any } else { fitting };
        let index = (which / 8).checked_rem(from.len() as u64)?;
        from.get(usize::try_from(index).unwrap()).map(|payment| (*payment).clone())
    }

    async fn create(&self, order: &Order) -> Result<(), EngineError> {
        let lasts = order.lasts_s.map(SignedDuration::from_secs);
        let expires = self.engine.payment_expires(self.place, order.way.method, lasts);
        let key = request(order.key.as_ref(), "/v1/payments", &order.fingerprint());
        let draft = order.draft(expires);
        let opened =
            self.engine.create_payment(self.caller(), self.place, draft, key.as_ref()).await?;
        let same = (opened.payment.money, &opened.payment.wish.provider);
        if same != (order.money, &order.way.provider) {
            let what = format!("{order:?} was answered with {:?}", opened.payment);
            self.witness.violated("another payment was answered", what);
        }
        Ok(())
    }

    async fn refund(
        &self,
        which: u64,
        percent: i64,
        key: Option<String>,
    ) -> Result<(), EngineError> {
        let paid = [State::Succeeded, State::PartiallyRefunded];
        let Some(one) = self.some(which, &paid).await else { return Ok(()) };
        let minor =
            (percent < 100 || !which.is_multiple_of(3)).then(|| one.money.minor * percent / 100);
        let path = format!("/v1/payments/{}/refunds", one.id);
        // A key of its own for each payment, so that it is used again for the same one.
        let key = key.map(|key| format!("{key}-{}-{percent}", one.id));
        let request = request(key.as_ref(), &path, &format!("{percent}"));
        let (caller, of) = (self.caller(), (self.place, one.id));
        self.engine.refund_payment(caller, of, (minor, key), request.as_ref()).await.map(drop)
    }

    async fn force(&self, which: u64, outcome: ForcedOutcome) -> Result<(), EngineError> {
        let wanted: &[State] = match outcome {
            ForcedOutcome::Dispute => &[State::Succeeded, State::PartiallyRefunded],
            ForcedOutcome::DisputeWon | ForcedOutcome::DisputeLost => &[State::Disputed],
            // Money comes late too, and twice.
            ForcedOutcome::PayTwice => &[State::Pending, State::Succeeded],
            ForcedOutcome::Succeed if which.is_multiple_of(5) => LOST,
            ForcedOutcome::Succeed
            | ForcedOutcome::Fail { .. }
            | ForcedOutcome::Cancel
            | ForcedOutcome::Expire
            | ForcedOutcome::Process
            | ForcedOutcome::RequireAction
            | ForcedOutcome::PayPartly { .. } => OPEN,
        };
        let Some(one) = self.some(which, wanted).await else { return Ok(()) };
        self.force_one(one.id, outcome).await
    }

    async fn force_one(&self, id: PaymentId, outcome: ForcedOutcome) -> Result<(), EngineError> {
        self.engine.force_payment(self.place, id, outcome).await.map(drop)
    }

    async fn pay_out(&self, payoff: &Payoff) -> Result<(), EngineError> {
        let balances = self.engine.balances(self.place).await?;
        let mut own = balances.iter().filter(|balance| balance.account == Account::Available);
        let there = own.find(|balance| balance.money.asset == payoff.asset());
        let there = there.map_or(0, |balance| balance.money.minor.max(0));
        let draft = payoff.draft(there * payoff.percent / 100);
        let body = format!("{payoff:?}");
        let key = request(payoff.key.as_ref(), "/v1/payouts", &body);
        self.engine.create_payout(self.caller(), self.place, draft, key.as_ref()).await.map(drop)
    }
}

const OPEN: &[State] =
    &[State::Created, State::Pending, State::RequiresAction, State::Processing, State::Authorized];
const LOST: &[State] = &[State::Failed, State::Canceled, State::Expired];

/// What no command should meet, whatever it is.
fn is_broken(error: &EngineError) -> bool {
    match error {
        EngineError::Broken { .. } => true,
        EngineError::Store(error) => matches!(
            error,
            StoreError::Corrupt { .. }
                | StoreError::Damaged
                | StoreError::Full
                | StoreError::Stale { .. }
                | StoreError::Taken { .. }
        ),
        EngineError::Event(_)
        | EngineError::NotInCatalogue { .. }
        | EngineError::Setting { .. }
        | EngineError::Refused(_)
        | EngineError::Missing { .. }
        | EngineError::Forgotten { .. }
        | EngineError::Conflict { .. }
        | EngineError::KeyReused
        | EngineError::KeyInFlight
        | EngineError::IdTaken
        | EngineError::WrongMode { .. }
        | EngineError::Payment(_)
        | EngineError::Checkout(_)
        | EngineError::Order(_)
        | EngineError::CardToken(_)
        | EngineError::UnknownCardToken
        | EngineError::OtherAmount { .. }
        | EngineError::OtherProvider { .. }
        | EngineError::OtherMethod { .. }
        | EngineError::NoLiveProvider
        | EngineError::InsufficientBalance { .. }
        | EngineError::Busy { .. } => false,
    }
}

//! The judgement: what is on record of a life, held against the bank's books, every version of every payment, and itself.

use std::collections::BTreeMap;

use posthorn_core::contract::Contract;
use posthorn_core::event::Event;
use posthorn_core::id::EventId;
use posthorn_core::payment::{Facts, LegState, Payment, RefundState, State, Verdict};
use posthorn_core::payout::{self, Payout};
use posthorn_store::{Page, Record, RecordKind, RecordQuery};

use crate::bank::{Disputed, Statement};
use crate::deeds::Place;
use crate::history;
use crate::life::{Life, Owner};
use crate::purse::{self, Purse};
use crate::world::read;

/// Rows of a kind that a life leaves, at most.
const ROWS_MAX: u32 = 10_000;
const DIFFERENCES_MAX: u32 = 3;

/// What must hold at any moment.
pub(crate) fn glance(life: &Life) {
    for owner in &life.owners {
        let balances = read(life.world.store.balances(owner.place));
        let mut sums = BTreeMap::<&str, i64>::new();
        for balance in balances {
            *sums.entry(balance.money.asset.code()).or_default() += balance.money.minor;
        }
        if sums.values().any(|sum| *sum != 0) {
            life.world.witness.violated("the ledger is not zero", format!("{sums:?}"));
        }
    }
}

/// No balance is anything but the sum of its movements.
pub(crate) fn add_up_all(life: &Life) {
    let differences = read(life.world.store.differences(DIFFERENCES_MAX));
    if !differences.is_empty() {
        life.world.witness.violated("a balance is not its movements", format!("{differences:?}"));
    }
}

/// What must hold at the end.
pub(crate) fn judge(life: &mut Life) {
    let mut counts = Vec::new();
    for owner in &life.owners {
        counts.extend(Court::of(life, owner).judge());
    }
    for (what, count) in counts {
        *life.counts.entry(what).or_default() += count;
    }
}

/// A payment, its record and what the bank did for it.
struct Case<T> {
    record: Record,
    now: T,
    bank: Statement,
}

struct Court<'a> {
    life: &'a Life,
    contract: &'a Contract,
    place: Place,
    payments: Vec<Case<Payment>>,
    payouts: Vec<Case<Payout>>,
    events: BTreeMap<i64, Vec<Event>>,
}

impl<'a> Court<'a> {
    fn of(life: &'a Life, owner: &'a Owner) -> Self {
        let (world, place) = (&life.world, owner.place);
        let first = EventId::from_i64(0);
        let told = read(world.store.events_after(place.0, place.1, first, ROWS_MAX));
        let mut events = BTreeMap::<i64, Vec<Event>>::new();
        for event in told {
            let about = event.about.as_ref().map_or(0, |about| about.record);
            events.entry(about).or_default().push(event);
        }
        let payments = cases(life, place, RecordKind::Payment);
        let payouts = cases(life, place, RecordKind::Payout);
        Self { life, contract: &owner.contract, place, payments, payouts, events }
    }

    fn violated(&self, law: &'static str, what: String) {
        self.life.world.witness.violated(law, what);
    }

    fn judge(&self) -> Vec<(&'static str, u64)> {
        for case in &self.payments {
            self.judge_history(case);
            self.judge_charge(case);
            self.judge_rest(case);
        }
        for case in &self.payouts {
            self.judge_payout(case);
        }
        self.judge_names();
        self.judge_ledger();
        self.counts()
    }

    fn counts(&self) -> Vec<(&'static str, u64)> {
        let many = |count: usize| u64::try_from(count).unwrap();
        let paid = self.payments.iter().filter(|case| case.now.state.is_paid()).count();
        let late = self.payments.iter().filter(|case| case.now.late).count();
        let refunds = self.payments.iter().map(|case| case.bank.count("refund")).sum();
        let disputes = self.payments.iter().map(|case| case.bank.disputes().0).sum();
        let transfers = self.payments.iter().map(|case| case.bank.count("transfer")).sum();
        let payouts = self.payouts.iter().filter(|case| case.now.state == payout::State::Completed);
        let events = self.events.values().map(Vec::len).sum();
        vec![
            ("payments", many(self.payments.len())),
            ("payments paid", many(paid)),
            ("payments paid late", many(late)),
            ("refunds", many(refunds)),
            ("disputes", many(disputes)),
            ("transfers", many(transfers)),
            ("payouts that arrived", many(payouts.count())),
            ("payouts", many(self.payouts.len())),
            ("events", many(events)),
        ]
    }

    /// Each version follows from the one before, and what that tells is told: once, in order, and nothing else.
    fn judge_history(&self, case: &Case<Payment>) {
        let versions = match self.life.world.witness.versions(&case.record) {
            Ok(versions) => versions,
            Err(what) => return self.violated("a version that nobody wrote", what),
        };
        let mut before: Option<Payment> = None;
        let mut promised = Vec::new();
        for body in versions {
            let after: Payment = serde_json::from_str(&body).expect("a payment");
            for what in before.iter().flat_map(|before| history::forbidden(before, &after)) {
                self.violated("a payment goes where it may not", what);
            }
            for transition in history::happened(before.as_ref(), &after) {
                let facts = Facts::of(&after, "anybody");
                let kinds = self.contract.events_on(transition).map(|event| &event.kind);
                let kinds = kinds.filter(|kind| self.contract.event_data(kind, &facts).is_some());
                promised.extend(kinds.map(ToString::to_string));
            }
            before = Some(after);
        }
        let events = self.events.get(&case.record.id).map_or(&[][..], Vec::as_slice);
        let told: Vec<String> = events.iter().map(|event| event.kind.to_string()).collect();
        if told != promised {
            let what = format!("{}: told {told:?}, has happened {promised:?}", case.now.id);
            self.violated("events are not what has happened", what);
        }
        let number = |event: &Event| event.about.as_ref().map_or(0, |about| about.sequence);
        let numbers: Vec<u32> = events.iter().map(number).collect();
        let whole: Vec<u32> = (1..=case.now.sequence).collect();
        if numbers != whole {
            let what = format!("{}: {numbers:?} of {}", case.now.id, case.now.sequence);
            self.violated("events are not numbered 1, 2, 3", what);
        }
    }

    /// What the bank took and gave back is what the payment says.
    fn judge_charge(&self, case: &Case<Payment>) {
        let Case { now, bank, .. } = case;
        let broken = |law, what: &str| {
            self.violated(law, format!("{what}: {now:?}, and the bank: {bank:?}"));
        };
        if bank.charges() > 1 {
            broken("charged twice", "two charges took money");
        }
        if (bank.charges() > 0) != now.state.is_paid() {
            broken("charged and not paid, or paid and not charged", now.state.name());
        }
        if now.state.is_paid() && bank.charged() != now.money.minor {
            broken("charged and not paid, or paid and not charged", "it was another amount");
        }
        if i64::try_from(purse::strays(now).len()).unwrap() != bank.strayed() {
            broken("money that strayed is lost", "it was not noted");
        }
        let back = bank.sent("refund");
        if back > bank.charged() || back != bank.refunded() {
            broken("refunded more than was captured", "the bank gave back what it had not");
        }
        let said = |refund: &&posthorn_core::payment::Refund| {
            matches!(refund.state, RefundState::Succeeded { .. })
        };
        if now.refunds.iter().filter(said).map(|refund| refund.minor).sum::<i64>() != back {
            broken("refunded at the rail and not on record, or the other way round", "refunds");
        }
        let legs = now.split.iter().flat_map(|split| &split.legs);
        let went = legs.filter(|leg| matches!(leg.state, LegState::Processed { .. }));
        if went.map(|leg| leg.minor).sum::<i64>() != bank.sent("transfer") {
            broken("shared at the rail and not on record, or the other way round", "legs");
        }
        let last = now.disputes.last();
        let disputed = last.map_or(Disputed::Never, |last| Disputed::of(last.verdict));
        if (now.disputes.len(), disputed) != bank.disputes() {
            broken("disputed at the rail and not on record, or the other way round", "disputes");
        }
        let charged_back = disputed == Disputed::Decided(Verdict::Lost);
        if charged_back != (now.state == State::ChargedBack) {
            broken("disputed at the rail and not on record, or the other way round", "its state");
        }
    }

    /// Nothing is unknown for good, and what may still be paid may be paid at the rail too.
    fn judge_rest(&self, case: &Case<Payment>) {
        let Case { now, bank, .. } = case;
        if history::calls(now).iter().any(posthorn_core::payment::Call::is_open) {
            self.violated("unknown for good", format!("{now:?}"));
        }
        let stands = bank.standing();
        let open =
            matches!(stands, Some("awaiting" | "action_required" | "processing" | "seen" | "held"));
        if now.state.is_open() && !open {
            self.violated("open for good", format!("{now:?}, and the bank: {bank:?}"));
        }
        // A bank may look again at what it has reserved; the payment does not go back for that.
        let reserved = matches!(stands, Some("held" | "processing" | "action_required"));
        let right = if now.state == State::Authorized {
            reserved
        } else {
            !now.state.is_open() || stands != Some("held")
        };
        if !right {
            let what = format!("{now:?}, and the bank: {bank:?}");
            self.violated("reserved and not authorized, or the other way round", what);
        }
        if matches!(now.state, State::Created) {
            self.violated("open for good", format!("{now:?} was never sent"));
        }
    }

    fn judge_payout(&self, case: &Case<Payout>) {
        let Case { now, bank, .. } = case;
        let sent = bank.sent("payout");
        let right = match now.state {
            payout::State::Pending => false,
            payout::State::Completed => sent == now.money.minor,
            payout::State::Failed => sent == 0,
        };
        if !right || bank.count("payout") > 1 || now.call.is_open() {
            let what = format!("{now:?}, and the bank: {bank:?}");
            self.violated("paid out at the rail and not on record, or the other way round", what);
        }
    }

    /// One reference is paid once, one key is used once.
    fn judge_names(&self) {
        let mut seen = BTreeMap::<String, u32>::new();
        let mut name = |what: String| *seen.entry(what).or_default() += 1;
        for Case { now, .. } in &self.payments {
            if now.wish.metadata != "{}" {
                name(format!("payments under {}", now.wish.metadata));
            }
            let holds = !now.state.is_lost() && !now.late;
            if let Some(reference) = now.wish.reference.as_ref().filter(|_| holds) {
                name(format!("payments called {reference}"));
            }
            for key in now.refunds.iter().filter_map(|refund| refund.reason.as_ref()) {
                name(format!("refunds under {key}"));
            }
        }
        for Case { now, .. } in &self.payouts {
            if now.wish.metadata != "{}" {
                name(format!("payouts under {}", now.wish.metadata));
            }
            let holds = now.state != payout::State::Failed;
            if let Some(reference) = now.wish.reference.as_ref().filter(|_| holds) {
                name(format!("payouts called {reference}"));
            }
        }
        for (what, count) in seen.into_iter().filter(|(_, count)| *count > 1) {
            self.violated("made twice under one name", format!("{count} {what}"));
        }
    }

    /// Every account holds what the bank's doings come to.
    fn judge_ledger(&self) {
        let world = &self.life.world;
        let told = purse::told(&read(world.store.balances(self.place)));
        let page = Page { after: None, limit: ROWS_MAX };
        let mut movements = read(world.store.movements(self.place, page));
        movements.reverse();
        let (added, short) = purse::added_up(&movements);
        if added != told {
            let what = format!("{told:?}, and the movements come to {added:?}");
            self.violated("a balance is not its movements", what);
        }
        if !short.is_empty() {
            self.violated("paid out what was not there", format!("{short:?}"));
        }
        let mut purse = Purse::default();
        for case in &self.payments {
            purse.take_payment(&case.now, &case.bank);
        }
        for case in &self.payouts {
            purse.take_payout(&case.now, &case.bank);
        }
        let expected = purse.holds();
        if told != expected {
            let what = format!("{told:?}, and by the bank's books it should be {expected:?}");
            self.violated("the ledger is not what the bank did", what);
        }
    }
}

fn cases<T: serde::de::DeserializeOwned>(
    life: &Life,
    place: Place,
    kind: RecordKind,
) -> Vec<Case<T>> {
    let page = Page { after: None, limit: ROWS_MAX };
    let query = RecordQuery { place, kind, state: None };
    let records = read(life.world.store.records(query, page));
    let case = |record: Record| {
        let now = serde_json::from_str(&record.body).expect("a record is JSON");
        let bank = Statement::of(life, &record);
        Case { record, now, bank }
    };
    records.into_iter().map(case).collect()
}

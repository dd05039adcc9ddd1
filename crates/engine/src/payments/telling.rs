//! What has happened to a payment, a checkout or an order, as the events that its merchant's contract promises.

use posthorn_core::contract::{CatalogueEvent, Transition};
use posthorn_core::event::{About, NewEvent, Payload};
use posthorn_core::json;
use posthorn_core::payment::{Facts, Subject};

use super::affair::Affair;
use crate::accept::{Audience, Composed, Leasing};
use crate::error::EngineError;
use crate::metrics::ByContract;
use crate::shared::Shared;

impl Shared {
    /// The events of what has happened, ready to be written, in the contract's order; each raises the payment's sequence. What
    /// a contract has no event for is told to nobody.
    pub(super) fn tell(
        &self,
        audience: &Audience,
        affair: &mut Affair,
        told: &[Transition],
    ) -> Result<Vec<Composed>, EngineError> {
        let contract = self.contract_named(&audience.merchant.contract)?;
        let merchant = audience.merchant.wire_id();
        let mut composed = Vec::new();
        for transition in told {
            // What was told of with its checkout has its first event.
            let is_told = *transition == Transition::PaymentCreated
                && matches!(&*affair, Affair::Payment(payment) if payment.sequence > 0);
            if is_told {
                continue;
            }
            for event in contract.events_on(*transition) {
                let link = self.payment_link(affair);
                let data = match &*affair {
                    Affair::Payment(payment) => {
                        let facts = Facts::of(payment, &merchant);
                        let facts = Facts { payment_link: link.as_deref(), ..facts };
                        contract.event_data(&event.kind, &facts)
                    }
                    Affair::Checkout(checkout) => {
                        let subject = Subject::Cart(&checkout.cart());
                        let facts = Facts { subject, merchant: &merchant, payment_link: None };
                        contract.event_data(&event.kind, &facts)
                    }
                    Affair::Order(order) => {
                        let subject = Subject::Order(order.facts());
                        let facts = Facts { subject, merchant: &merchant, payment_link: None };
                        contract.event_data(&event.kind, &facts)
                    }
                    Affair::Payout(payout) => {
                        let subject = Subject::Payout(payout.facts());
                        let facts = Facts { subject, merchant: &merchant, payment_link: None };
                        contract.event_data(&event.kind, &facts)
                    }
                };
                let Some(data) = data else { continue };
                let about = about(affair, *transition);
                composed.push(self.of_record(audience, event, data, about)?);
            }
        }
        Ok(composed)
    }

    /// The events of something else that was made or changed; each raises its sequence.
    pub(super) fn tell_of(
        &self,
        audience: &Audience,
        transition: Transition,
        facts: &Facts<'_>,
        (record, sequence): (i64, &mut u32),
    ) -> Result<Vec<Composed>, EngineError> {
        let contract = self.contract_named(&audience.merchant.contract)?;
        let mut composed = Vec::new();
        for event in contract.events_on(transition) {
            let Some(data) = contract.event_data(&event.kind, facts) else { continue };
            *sequence += 1;
            let about = About { record, sequence: *sequence, callback: None };
            composed.push(self.of_record(audience, event, data, about)?);
        }
        Ok(composed)
    }

    fn of_record(
        &self,
        audience: &Audience,
        event: &CatalogueEvent,
        data: Vec<u8>,
        about: About,
    ) -> Result<Composed, EngineError> {
        let parsed = json::parse(&data).map_err(|bad| EngineError::Broken {
            what: format!("an event's data cannot be read: {bad}"),
        })?;
        let event = NewEvent {
            kind: event.kind.clone(),
            data: Payload::from_canonical(data.into()),
            parsed,
            reference: None,
            about: Some(Box::new(about)),
        };
        Ok(self.compose(audience, event, None, Leasing::IfRoom))
    }

    /// Sets the deliveries of what was told going, if it was written.
    pub(super) fn told(&self, audience: &Audience, composed: Vec<Composed>, written: bool) {
        let last = composed.last().map(|next| next.accept.event.id);
        if written {
            let contract = ByContract::named(&audience.merchant.contract);
            let count = u64::try_from(composed.len()).unwrap_or(0);
            self.metrics.accepted.get_or_create(&contract).inc_by(count);
        }
        self.hand_over(composed.into_iter().map(|next| (next, written)).collect());
        if let (Some(last), true) = (last, written)
            && self.followers.tell(audience.merchant.id, audience.mode, last)
        {
            self.others.bell.notify_one();
        }
    }

    /// Where a payer can pay it: a page of ours.
    pub(super) fn payment_link(&self, affair: &Affair) -> Option<String> {
        let Affair::Payment(payment) = affair else { return None };
        self.link_of(payment)
    }
}

/// What an event is about, and which of its events it is: that of a payment which its checkout tells of is the payment's first.
fn about(affair: &mut Affair, transition: Transition) -> About {
    let announced = match &*affair {
        Affair::Checkout(checkout) if transition == Transition::PaymentCreated => checkout.first,
        Affair::Checkout(_) | Affair::Payment(_) | Affair::Payout(_) | Affair::Order(_) => None,
    };
    if let Some(payment) = announced {
        return About { record: payment.as_i64(), sequence: 1, callback: None };
    }
    *affair.sequence() += 1;
    About {
        record: affair.id(),
        sequence: *affair.sequence(),
        callback: affair.callback().map(str::to_owned),
    }
}

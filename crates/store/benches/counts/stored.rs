//! What sixty-four verbs of one transaction cost: the rows, their indexes and SQLite, without the threads around it.

use bytes::Bytes;
use futures::executor::block_on;
use posthorn_core::attempt::{self, Attempt, Phases, Rendering, Tried};
use posthorn_core::delivery::{Claim, State};
use posthorn_core::endpoint::Settings;
use posthorn_core::event::{Event, Mode, Payload};
use posthorn_core::filter::Filter;
use posthorn_core::id::{ContractId, EndpointId, IdSequence, MerchantId, SecretId};
use posthorn_core::json::Style;
use posthorn_core::secret::Sealed;
use posthorn_store::sqlite::Sqlite;
use posthorn_store::{
    Accept, Ask, Fault, NewDelivery, NewEndpoint, NewMerchant, NewSecret, Once, Settled,
    Settlement, Store,
};
use tempfile::TempDir;

use super::measured;
use super::pure::{DATA, at};

const VERBS: usize = 64;

/// A database file with one merchant and one endpoint.
struct Stage {
    store: Sqlite,
    merchant: MerchantId,
    endpoint: EndpointId,
    ids: IdSequence,
    _folder: TempDir,
}

pub(crate) fn settings(events: &str, filter: Option<Filter>) -> Settings {
    Settings {
        url: "https://example.com/hook".parse().expect("a URL"),
        events: vec![events.parse().expect("a pattern")],
        filter,
        description: None,
        headers: Vec::new(),
        contract: None,
        json: Style::Js,
        rate_limit: None,
        concurrency: None,
    }
}

/// Events with an idempotency key and one delivery each, leased at once as a server does.
pub(crate) fn accept(times: u64) {
    let mut stage = Stage::new();
    for time in 0..=times {
        let events = stage.events(State::Leased { until: at(30) });
        let go = || block_on(stage.store.accept(events));
        let answers = if time == 0 { go() } else { measured(go) };
        assert_eq!(answers.expect("they are accepted").len(), VERBS);
    }
}

/// What is due is leased, and settled with an answered try each.
pub(crate) fn claim_and_settle(times: u64) {
    let mut stage = Stage::new();
    for time in 0..=times {
        let events = stage.events(State::Due { at: at(1) });
        block_on(stage.store.accept(events)).expect("they are accepted");
        let go = || stage.claim_and_settle();
        let settled = if time == 0 { go() } else { measured(go) };
        assert_eq!(settled, [Settled::Done; VERBS]);
    }
}

impl Stage {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let store = Sqlite::inline_at(&folder.path().join("counts.db"), Box::new(|_| Fault::None));
        let store = store.expect("a database");
        let sealed = |byte| Sealed { key: [byte; 4], bytes: vec![byte; 60] };
        let merchant = block_on(store.create_merchant(
            NewMerchant {
                name: "Counted".into(),
                contract: "techcorp".into(),
                reference: None,
                strict_catalogue: false,
                retention: None,
                legal_hold: false,
                webhook_secret_test: sealed(1),
                webhook_secret_live: sealed(2),
                keys: Vec::new(),
                created: at(0),
            },
            None,
        ));
        let merchant = merchant.expect("a merchant").get();
        let secret = Some(NewSecret { sealed: sealed(3), created: at(0) });
        let endpoint = block_on(store.create_endpoint(
            NewEndpoint {
                merchant,
                mode: Mode::Test,
                settings: settings("*", None),
                secret,
                created: at(0),
            },
            None,
        ));
        let endpoint = endpoint.expect("an endpoint").get();
        Self { store, merchant, endpoint, ids: IdSequence::new(0, None), _folder: folder }
    }

    /// New events with an idempotency key and a delivery in this state each.
    fn events(&mut self, state: State) -> Vec<Accept> {
        (0..VERBS).map(|_| self.event(state)).collect()
    }

    fn event(&mut self, state: State) -> Accept {
        let id = self.ids.next(at(0));
        let (data, _) = Payload::parse(DATA).expect("an object");
        let event = Event {
            id,
            merchant: self.merchant,
            mode: Mode::Test,
            kind: "order.paid".parse().expect("a type"),
            at: at(0),
            reference: None,
            only: None,
            about: None,
            data,
        };
        let delivery = NewDelivery { id: id.delivery(1), endpoint: self.endpoint, state };
        // Keys come in no order, as those of real callers do.
        let key = u128::from(id.as_i64().cast_unsigned()).wrapping_mul(SCATTERING).to_be_bytes();
        let once = Once { scope: 1, key, part: 0, request: [7; 16], at: at(0) };
        Accept { event, deliveries: vec![delivery], once: Some(once) }
    }

    fn claim_and_settle(&self) -> Vec<Settled> {
        let slots = u32::try_from(VERBS).expect("it is small");
        let ask = Ask { endpoint: self.endpoint, slots, bytes: usize::MAX, now: at(2) };
        let leased = block_on(self.store.claim(vec![ask], at(30), usize::MAX));
        let settlements = leased.expect("they are due").iter().map(settlement).collect();
        block_on(self.store.settle(settlements)).expect("they are settled")
    }
}

/// An odd number with many digits: multiplied by it, neighbours end up far from each other.
const SCATTERING: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;

fn settlement(claim: &Claim) -> Settlement {
    let answer = attempt::Answer {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Bytes::from_static(br#"{"received":true}"#),
        truncated: false,
    };
    let attempt = Attempt {
        claim: claim.claim,
        run: claim.run,
        number: claim.number(),
        at: at(3),
        late: false,
        tried: Tried {
            result: Ok(answer),
            phases: Phases { connect_us: Some(300), headers_us: Some(1200), ..Phases::default() },
            peer: Some([93, 184, 216, 34].into()),
        },
        rendering: Rendering {
            signed_at: 1_800_000_003,
            endpoint_version: 1,
            contract: ContractId::from_i64(3),
            secrets: vec![SecretId::from_i64(4)],
        },
    };
    Settlement {
        delivery: claim.delivery,
        endpoint: claim.endpoint,
        claim: claim.claim,
        state: State::Delivered { at: at(3) },
        attempt: Some(attempt),
        effects: Vec::new(),
        notices: Vec::new(),
        notices_if_rested: Vec::new(),
    }
}

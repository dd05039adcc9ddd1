//! What ids look like, contract by contract.

use posthorn_core::contract::{Kind, embedded};
use posthorn_core::payment::State;
use proptest::prelude::*;

use crate::contract;

#[test]
fn ids_have_their_guides_form() {
    let written = |name, kind| contract(name).wire_id(kind, 12_345 << 22);
    assert_eq!(written("krxscale", Kind::Payment), "tx_1g740000");
    assert_eq!(written("krxscale", Kind::Checkout), "co_1g740000");
    assert_eq!(written("payqi", Kind::Payment), "pay_1g740000");
    assert_eq!(written("sentinelgate", Kind::Payout), "pyt_1g740000");
    assert_eq!(written("standard", Kind::Refund), "re_1g740000");
    assert_eq!(written("pagtracker", Kind::Split).len(), 36);
}

proptest! {
    #[test]
    fn every_contract_reads_the_ids_it_writes(id in 0..=i64::MAX, of in 0..Kind::ALL.len()) {
        for contract in embedded() {
            let text = contract.wire_id(Kind::ALL[of], id);
            prop_assert_eq!(contract.read_id(Kind::ALL[of], &text), Some(id), "{}", contract.name);
        }
    }
}

#[test]
fn every_contract_has_a_word_for_every_state_and_reads_its_words_for_methods() {
    for contract in embedded() {
        assert!(State::ALL.iter().all(|state| !contract.status(*state).is_empty()));
        for method in posthorn_core::payment::Method::NAMES {
            let word = contract.method_word(method);
            assert_eq!(contract.method_of(word), Some(method), "{}", contract.name);
        }
    }
    assert_eq!(contract("krxscale").status_v2(State::Expired), Some("EXPIRED"));
    assert_eq!(contract("payqi").status_v2(State::Expired), None);
    assert_eq!(contract("krxscale").method_of("credit_card"), Some("card"));
}

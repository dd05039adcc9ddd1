//! What each contract makes of a payment's life: every event that it has a word for, byte for byte.

mod guides;
mod ids;
mod lives;
mod providers;
mod refused;
mod standard;

use lives::Life;
use posthorn_core::contract::{Contract, Transition, embedded};
use posthorn_core::payment::Facts;

fn contract(name: &str) -> &'static Contract {
    embedded().iter().find(|contract| contract.name == name).expect("one of the six")
}

/// The events of a life in a contract's words, a line each: the type, then the data.
fn told(name: &str, life: &Life) -> String {
    let contract = contract(name);
    let mut lines = Vec::new();
    for (transition, payment) in &life.told {
        let facts = Facts { payment_link: lives::LINK, ..Facts::of(payment, "mer_1") };
        lines.extend(lines_of(contract, *transition, &facts));
    }
    lines.join("\n")
}

fn lines_of(contract: &Contract, transition: Transition, facts: &Facts<'_>) -> Vec<String> {
    let line = |event: &posthorn_core::contract::CatalogueEvent| {
        let data = contract.event_data(&event.kind, facts).expect("it is about a payment");
        format!("{} {}", event.kind, String::from_utf8(data).expect("JSON"))
    };
    contract.events_on(transition).map(line).collect()
}

//! The six contracts that Posthorn carries inside.

use std::sync::{Arc, LazyLock};

use super::Contract;

const FILES: [(&str, &str); 6] = [
    ("techcorp.toml", include_str!("../../../../contracts/techcorp.toml")),
    ("payqi.toml", include_str!("../../../../contracts/payqi.toml")),
    ("sentinelgate.toml", include_str!("../../../../contracts/sentinelgate.toml")),
    ("krxscale.toml", include_str!("../../../../contracts/krxscale.toml")),
    ("pagtracker.toml", include_str!("../../../../contracts/pagtracker.toml")),
    ("standard.toml", include_str!("../../../../contracts/standard.toml")),
];

static CONTRACTS: LazyLock<Vec<Arc<Contract>>> = LazyLock::new(|| {
    let read = |(name, source): (&str, &str)| {
        let contract = Contract::parse(name, source);
        Arc::new(contract.expect("the embedded contracts are read by this crate's own tests"))
    };
    FILES.into_iter().map(read).collect()
});

/// The embedded contracts, read once, in a fixed order: the five guides' and `standard`.
#[must_use]
pub fn embedded() -> &'static [Arc<Contract>] {
    &CONTRACTS
}

//! The contracts in force, and the older versions that old attempts were rendered with.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use posthorn_core::contract::Contract;
use posthorn_core::id::ContractId;
use posthorn_store::Store;

use crate::error::EngineError;

/// Older versions remembered at most; past it the memory starts anew.
const OLD_REMEMBERED_MAX: usize = 64;

/// A contract in force, with the id under which its text is kept.
#[derive(Clone)]
pub(crate) struct InForce {
    pub(crate) id: ContractId,
    pub(crate) contract: Arc<Contract>,
}

/// The contracts in force, in the order in which they were given.
pub(crate) struct Contracts {
    in_force: Vec<InForce>,
    old: RwLock<HashMap<ContractId, Arc<Contract>>>,
}

impl Contracts {
    /// Keeps the text of each contract, so that attempts can name the version they were rendered
    /// with. Of two with the same name the later one is in force: an operator's own.
    pub(crate) async fn register(
        store: &dyn Store,
        contracts: Vec<Contract>,
    ) -> Result<Self, EngineError> {
        let mut in_force: Vec<InForce> = Vec::new();
        for contract in contracts {
            let (name, source) = (contract.name.clone(), contract.source.to_string());
            let id = store.register_contract(name, contract.version(), source).await?;
            in_force.retain(|other| other.contract.name != contract.name);
            in_force.push(InForce { id, contract: Arc::new(contract) });
        }
        Ok(Self { in_force, old: RwLock::default() })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&InForce> {
        self.in_force.iter().find(|entry| entry.contract.name == name)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Contract>> {
        self.in_force.iter().map(|entry| &entry.contract)
    }

    /// A contract as it was when an attempt was made.
    pub(crate) async fn version(
        &self,
        store: &dyn Store,
        id: ContractId,
    ) -> Result<Arc<Contract>, EngineError> {
        if let Some(entry) = self.in_force.iter().find(|entry| entry.id == id) {
            return Ok(Arc::clone(&entry.contract));
        }
        let remembered = self.old.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(contract) = remembered {
            return Ok(contract);
        }
        let (name, source) =
            store.contract(id).await?.ok_or(EngineError::Missing { what: "contract version" })?;
        let contract = Contract::parse(&format!("{name}.toml"), &source).map_err(|faults| {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            EngineError::Broken {
                what: format!("a kept contract cannot be read any more: {first}"),
            }
        })?;
        let contract = Arc::new(contract);
        let mut old = self.old.write().unwrap_or_else(PoisonError::into_inner);
        if old.len() >= OLD_REMEMBERED_MAX {
            old.clear();
        }
        old.insert(id, Arc::clone(&contract));
        Ok(contract)
    }
}

//! What a delivery is signed with, and what happens to one that cannot be because the server was
//! started wrongly: it waits for the operator, and nothing of its schedule is used up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::{Claim, State};
use posthorn_core::endpoint::Endpoint;
use posthorn_core::id::EndpointId;

use crate::contracts::InForce;
use crate::keyring::{Signers, Unready};
use crate::sending::{Ready, rest};
use crate::shared::Shared;

/// How long a delivery waits that only the operator can get going, and how often an endpoint's are
/// told of in the log.
const OPERATOR_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// Endpoints remembered as told of, at most; past it the memory starts anew.
const TOLD_MAX: usize = 10_000;

/// When which endpoint's trouble was last told of.
#[derive(Default)]
pub(crate) struct Told {
    last: Mutex<HashMap<EndpointId, Timestamp>>,
}

impl Told {
    /// Whether it is time to tell of an endpoint again.
    fn is_due(&self, id: EndpointId, now: Timestamp) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(&id).is_some_and(|at| now.duration_since(*at) < OPERATOR_WAIT) {
            return false;
        }
        if last.len() >= TOLD_MAX {
            last.clear();
        }
        last.insert(id, now);
        true
    }
}

impl Shared {
    /// The contract that an endpoint speaks, and what signs its deliveries at a real time.
    pub(crate) fn signers(
        &self,
        endpoint: &Endpoint,
        real: Timestamp,
    ) -> Result<(&InForce, Signers), Unready> {
        let Some(in_force) = self.contract_of(endpoint) else {
            return Err(Unready::Operator("its contract is not loaded".into()));
        };
        let secrets = endpoint.signing_secrets(real);
        let signers = self.keyring.signers(endpoint.id, &secrets, in_force)?;
        Ok((in_force, signers))
    }

    /// A delivery that only the operator can get going is due again in a minute.
    pub(crate) fn wait_for_operator(
        &self,
        claim: &Claim,
        now: Timestamp,
        real: Timestamp,
        what: &str,
    ) -> Ready {
        self.metrics.waiting_for_operator.inc();
        if self.told.is_due(claim.endpoint, real) {
            tracing::error!(
                endpoint.id = %claim.endpoint, what,
                "an endpoint's deliveries wait for the operator"
            );
        }
        let at = now.checked_add(OPERATOR_WAIT).unwrap_or(now);
        rest(claim, State::Due { at }, Vec::new())
    }
}

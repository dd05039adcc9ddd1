//! What a delivery is signed with, and what happens to one that cannot be because the server was
//! started wrongly: it waits for the operator, and nothing of its schedule is used up.

use jiff::{SignedDuration, Timestamp};
use posthorn_core::delivery::{Claim, State};
use posthorn_core::endpoint::Endpoint;

use crate::contracts::InForce;
use crate::keyring::{Signers, Unready};
use crate::sending::{Ready, rest};
use crate::shared::Shared;

/// How long a delivery waits that only the operator can get going.
const OPERATOR_WAIT: SignedDuration = SignedDuration::from_mins(1);

impl Shared {
    /// The contract that an endpoint speaks, and what signs its deliveries at a time of the
    /// merchant.
    pub(crate) fn signers(
        &self,
        endpoint: &Endpoint,
        now: Timestamp,
    ) -> Result<(&InForce, Signers), Unready> {
        let Some(in_force) = self.contract_of(endpoint) else {
            return Err(Unready::Operator("its contract is not loaded".into()));
        };
        let secrets = endpoint.signing_secrets(now);
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

//! The outbox: what the operator's own programs said becomes events.

use std::collections::HashSet;
use std::fmt::Write as _;

use posthorn_core::id::MerchantId;

use super::transaction::{Kind, Transaction};
use super::worker::Worker;
use crate::db::{Db, values};
use crate::outbox::{Relay, Said};
use crate::rows::{Place, mode};
use crate::statements::only;
use crate::verbs::accept::accept_one;
use crate::{Accepted, StoreError};

impl Worker {
    /// What was said and is not relayed yet, oldest first.
    pub(super) async fn outbox(&self, limit: u32) -> Result<Vec<Said>, StoreError> {
        self.read(Kind::Read, &async |db: &Transaction| {
            db.many(only::OUTBOX, values![limit], |row| {
                let place = row.get(0)?;
                let at = Place { table: "outbox", row: place };
                Ok(Said {
                    place,
                    merchant: MerchantId::from_i64(row.get(1)?),
                    mode: mode(at, row.get(2)?)?,
                    kind: row.get(3)?,
                    reference: row.get(4)?,
                    data: row.get(5)?,
                })
            })
            .await
        })
        .await
    }

    /// Accepts what no other server has relayed meanwhile, and takes it out of the outbox: both or
    /// neither.
    pub(super) async fn relay(
        &self,
        relays: &[Relay],
    ) -> Result<Vec<Option<Accepted>>, StoreError> {
        let verb = async |db: &Transaction| {
            let places = list(relays.iter().map(|relay| relay.place));
            let ours = db.many(only::OUTBOX_TAKE, values![places], |row| row.get::<i64>(0)).await?;
            let ours: HashSet<i64> = ours.into_iter().collect();
            let mut answers = Vec::with_capacity(relays.len());
            let mut done = Vec::new();
            for relay in relays {
                if !ours.contains(&relay.place) {
                    answers.push(None);
                    continue;
                }
                let accepted = accept_one(db, &relay.accept).await?;
                if let Accepted::Now(_) | Accepted::Before(_) = accepted {
                    done.push(relay.place);
                }
                answers.push(Some(accepted));
            }
            db.run(only::OUTBOX_DONE, values![list(done.into_iter())]).await?;
            Ok(answers)
        };
        self.write(&verb).await
    }

    /// What was said cannot become an event: it stays in the outbox, for the operator. `false` where
    /// another server said so before.
    pub(super) async fn refuse(&self, place: i64, why: &str) -> Result<bool, StoreError> {
        let verb = async |db: &Transaction| db.run(only::OUTBOX_REFUSE, values![place, why]).await;
        Ok(self.write(&verb).await? > 0)
    }
}

/// Numbers with commas between them: an array, as text.
fn list(numbers: impl Iterator<Item = i64>) -> String {
    let mut list = String::new();
    for number in numbers {
        let comma = if list.is_empty() { "" } else { "," };
        let _never_fails = write!(list, "{comma}{number}");
    }
    list
}

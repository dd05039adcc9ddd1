//! A transaction whose statements are sent one behind the other, without waiting for answers in between.

use futures::future::{OptionFuture, join_all};
use tokio_postgres::{Error, Row};

use super::fate::Fate;
use super::hot::Call;
use super::transaction::{Kind, Transaction};
use super::trouble::{Again, Trouble};
use super::worker::{Undone, Worker};
use crate::{FaultPoint, StoreError};

/// Why a batch came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// All are told this: nobody can do better, or nobody knows whether it was committed.
    Everyones(StoreError),
    /// Nothing is written, and it may be one verb's fault or nobody's: each is done again by itself.
    Someones,
    /// The connection was lost: what is there of it is its own, and the rest is done again.
    CutOff,
}

impl From<Undone> for Failure {
    fn from(undone: Undone) -> Self {
        if !undone.committing && undone.trouble.again() != Again::Never {
            return if undone.trouble.is_cut_off() { Self::CutOff } else { Self::Someones };
        }
        Self::Everyones(undone.trouble.into_error())
    }
}

impl Worker {
    /// Carries statements out as one transaction. `read` makes the answer of their rows; when it `looks`,
    /// the commit waits for it, and it may go on in the transaction or refuse.
    pub(super) async fn write_batch<A>(
        &self,
        calls: &[Option<Call<'_>>],
        looks: bool,
        read: impl AsyncFnOnce(&Transaction, Vec<Vec<Row>>) -> Result<A, Trouble>,
    ) -> Result<A, Failure> {
        self.strike(FaultPoint::BeforeBegin)?;
        let about = self.about();
        let begins = self.begins.of(Kind::Batch, about.member);
        let mut transaction = Transaction::unbegun(self.connection(Kind::Batch).await?, about);
        for call in calls.iter().flatten() {
            let prepared = call.prepare(&transaction).await;
            prepared.map_err(|error| Undone { trouble: error.into(), committing: false })?;
        }
        let looks = looks || self.has_faults();
        let rows = self.pipelined(&mut transaction, &begins, calls, looks).await?;
        let answer = match read(&transaction, rows).await {
            Ok(answer) => answer,
            Err(trouble) if looks => {
                tracing::debug!(?trouble, "a batch is undone");
                // A connection that cannot be rolled back is closed, and all is undone by that.
                let _ = transaction.roll_back().await;
                return Err(Failure::Someones);
            }
            Err(trouble) => return Err(Failure::Everyones(trouble.into_error())),
        };
        if looks {
            self.strike(FaultPoint::BeforeCommit)?;
            self.commit(transaction).await?;
        } else {
            transaction.ended();
        }
        match self.strike(FaultPoint::AfterCommit) {
            Err(Undone { trouble: Trouble::Refused(StoreError::Closed), .. }) => {
                Err(Failure::Everyones(StoreError::Closed))
            }
            // What is committed cannot fail any more; only its answer can get lost, by a crash.
            Ok(()) | Err(_) => Ok(answer),
        }
    }

    /// Begins, runs the statements and, unless somebody looks first, commits. After a failure the database
    /// refuses the rest, the commit too.
    ///
    /// Should the very first message fail alone, the statements stand outside of a transaction, each for
    /// itself: each is whole in itself, and the verbs that are done again recognise their own work.
    async fn pipelined(
        &self,
        transaction: &mut Transaction,
        begins: &str,
        calls: &[Option<Call<'_>>],
        looks: bool,
    ) -> Result<Vec<Vec<Row>>, Failure> {
        let db = &*transaction;
        let commit = (!looks).then(|| db.client.batch_execute("commit"));
        // They are polled, and so sent, in this order.
        let (begun, answers, committed) = futures::join!(
            db.client.simple_query(begins),
            join_all(
                calls.iter().map(|call| OptionFuture::from(call.as_ref().map(|call| call.run(db))))
            ),
            OptionFuture::from(commit),
        );
        let begun = begun.map_err(|error| Undone { trouble: error.into(), committing: false })?;
        transaction.begun(&begun);
        let rows: Result<Vec<Vec<Row>>, Error> =
            answers.into_iter().map(|rows| rows.unwrap_or_else(|| Ok(Vec::new()))).collect();
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) if error.is_closed() && !looks => {
                return Err(self.cut_off(transaction.xid(), error.into()).await);
            }
            Err(error) => {
                tracing::debug!(%error, "the verbs of a batch are done again, each by itself");
                return Err(Failure::Someones);
            }
        };
        if let Some(Err(error)) = committed {
            return Err(self.cut_off(transaction.xid(), error.into()).await);
        }
        Ok(rows)
    }

    /// The connection was lost when the commit had been sent. Once it is over, whatever became of it, the
    /// verbs are done again: they recognise their own work.
    async fn cut_off(&self, number: Option<u64>, trouble: Trouble) -> Failure {
        let fate = match number {
            Some(number) if trouble.is_cut_off() => self.fate(number).await,
            Some(_) | None => Fate::Forgotten,
        };
        match fate {
            Fate::Undone | Fate::Committed => Failure::CutOff,
            Fate::Running | Fate::Forgotten => Failure::Everyones(trouble.into_error()),
        }
    }
}

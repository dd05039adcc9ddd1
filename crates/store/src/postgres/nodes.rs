//! This server among the others: its place, its signs of life, and what it hears of them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use posthorn_core::id::{EndpointId, EventId, JobId, MerchantId};
use tokio::sync::{Mutex, Notify};
use tokio_postgres::Error;

use super::session::Session;
use super::transaction::{Kind, Transaction};
use super::trouble::Trouble;
use super::way::Way;
use super::worker::Worker;
use crate::StoreError;
use crate::company::{Beat, Change, Company, Now, Place};
use crate::db::{Columns, Db, values};
use crate::rows::ms;
use crate::statements::only;

/// Changes that are told one by one; past it anything may have changed.
const CHANGES_MAX: usize = 10_000;
/// Changes are forgotten after an hour; who looks away for half of that knows nothing any more.
const LOOKED_AWAY_MS: i64 = 30 * 60 * 1000;

/// Servers whose clock differs from the database's by more are refused: what is old, and what is due, goes by
/// it.
const APART_MAX_MS: i64 = 60_000;
/// How long a sign of life waits for the session beside it.
const SESSION_WITHIN: Duration = Duration::from_secs(2);

/// One process's life on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) node: i64,
    pub(super) holder: i64,
    /// Its events have higher ids.
    pub(super) after: i64,
}

impl Member {
    /// Whether it may write an event with this id: it was made in this life.
    pub(super) fn may_write(self, id: EventId) -> bool {
        id.as_i64() > self.after && id.node() == self.node
    }
}

/// What a server knows of the others.
pub(super) struct Nodes {
    /// The way to a session of its own, if there is one.
    way: Option<Way>,
    pub(super) told: Arc<Notify>,
    session: Mutex<Option<Session>>,
    session_missing: Cell<bool>,
    /// Its own place, once it has joined. It stays when it is lost: nothing can be written under it then.
    pub(super) member: Cell<Option<Member>>,
    /// Whether the place was lost, and the server has not joined anew.
    lost: Cell<bool>,
    /// How far the database's clock is ahead of this server's.
    pub(super) shift_ms: Cell<i64>,
    looked: RefCell<Looked>,
}

/// How far changes were looked at.
#[derive(Default)]
struct Looked {
    /// When, by the database's clock.
    at: i64,
    /// Every transaction below it had ended by then.
    txid: String,
    /// What was told already of those above.
    told: HashSet<i64>,
}

impl Nodes {
    pub(super) fn new(way: Option<Way>, told: Arc<Notify>) -> Self {
        let (session, session_missing) = (Mutex::default(), Cell::default());
        let (member, lost) = (Cell::default(), Cell::default());
        let (shift_ms, looked) = (Cell::default(), RefCell::default());
        Self { way, told, session, session_missing, member, lost, shift_ms, looked }
    }

    /// As if the process had died.
    pub(super) fn vanish(&self) {
        if let Ok(mut session) = self.session.try_lock() {
            *session = None;
        }
    }

    /// A new session; answers whether no other server has one.
    async fn begin_session(&self) -> bool {
        let Some(way) = &self.way else { return false };
        *self.session.lock().await = None;
        self.put_session(Session::begin(way, Arc::clone(&self.told)).await).await
    }

    /// A session in the place of one that was lost: a sign of life waits for no lock.
    async fn open_session(&self) {
        if let Some(way) = &self.way {
            self.put_session(Session::open(way, Arc::clone(&self.told)).await).await;
        }
    }

    async fn put_session(&self, begun: Result<Session, Error>) -> bool {
        let was_missing = self.session_missing.replace(begun.is_err());
        let mut session = self.session.lock().await;
        *session = None;
        match begun {
            Ok(begun) => session.insert(begun).is_alone(),
            Err(error) => {
                if !was_missing {
                    let what = "no session beside the pool: changes are found by looking";
                    tracing::warn!(%error, what);
                }
                false
            }
        }
    }

    /// Keeps the session, and lets others begin.
    async fn keep_session(&self) {
        let lost = self.session.lock().await.as_ref().is_none_or(Session::is_lost);
        if lost {
            self.open_session().await;
        }
        if let Some(session) = self.session.lock().await.as_mut()
            && let Err(error) = session.stay_in_company().await
        {
            tracing::warn!(%error, "the session beside the pool could not be used");
        }
    }
}

impl Worker {
    pub(super) async fn join(&self, now: Now) -> Result<Place, StoreError> {
        let mut alone = self.nodes.begin_session().await;
        let before = self.nodes.member.get().map_or(0, |member| member.holder);
        if alone {
            alone = self.nobody_lives(before).await?;
        }
        let asked = Cell::new(0);
        let verb = async |db: &Transaction| {
            asked.set(ms(now()));
            take(db, before).await
        };
        let taken = self.write_as(Kind::Join, &verb).await?;
        let Some((after, taken)) = taken else { return Err(StoreError::TooMany { max: 64 }) };
        let member = Member { node: taken.node, holder: taken.holder, after };
        self.nodes.member.set(Some(member));
        let shift_ms = taken.seen - asked.get();
        if shift_ms.abs() > APART_MAX_MS {
            self.leave().await?;
            let detail = format!(
                "this machine's clock and the database's are {} s apart; set them right (NTP) and start again",
                shift_ms.abs() / 1000
            );
            return Err(StoreError::Unavailable { detail });
        }
        self.nodes.shift_ms.set(shift_ms);
        self.nodes.lost.set(false);
        let told = HashSet::new();
        *self.nodes.looked.borrow_mut() = Looked { at: taken.seen, txid: taken.txid, told };
        let node = u8::try_from(taken.node).unwrap_or_default();
        Ok(Place { node, alone, after: EventId::from_i64(after) })
    }

    /// A server may have lost its session and live: then it gives signs of life.
    async fn nobody_lives(&self, own: i64) -> Result<bool, StoreError> {
        let look = async |db: &Transaction| {
            let read = |row: &dyn Columns| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?));
            db.many(only::NODE_OTHERS, values![own], read).await
        };
        let before = self.write_as(Kind::Join, &look).await?;
        if before.is_empty() {
            return Ok(true);
        }
        // By the database's clock: more than two signs of life.
        let wait = async |db: &Transaction| db.run(only::NODE_WAIT, values![]).await;
        self.write_as(Kind::Join, &wait).await?;
        let after = self.write_as(Kind::Join, &look).await?;
        Ok(after.iter().all(|seen| before.contains(seen)))
    }

    /// Keeps servers from starting, for as long as this store is there; `false` where some are at work.
    pub(super) async fn keep_out(&self) -> Result<bool, StoreError> {
        let alone = self.nodes.begin_session().await;
        // Whoever lost its session lately may be at work without the lock. No node is -1.
        let others = async |db: &Transaction| db.number(only::NODE_COMPANY, values![-1_i64]).await;
        Ok(alone && self.read(Kind::Read, &others).await? == Some(0))
    }

    pub(super) async fn beat(&self, beat: Beat) -> Result<Company, StoreError> {
        let replaced = Company { replaced: true, ..Company::default() };
        let Some(member) = self.nodes.member.get().filter(|_| !self.nodes.lost.get()) else {
            return Ok(replaced);
        };
        let kept = tokio::time::timeout(SESSION_WITHIN, self.nodes.keep_session()).await;
        if kept.is_err() {
            tracing::debug!("the session beside the pool does not answer");
        }
        let txid = self.nodes.looked.borrow().txid.clone();
        let asked = Cell::new(0);
        let verb = async |db: &Transaction| {
            asked.set(ms((beat.now)()));
            sign(db, member, beat.floor, &txid).await
        };
        let Some(heard) = self.write_as(Kind::Beat, &verb).await? else {
            self.nodes.lost.set(true);
            return Ok(replaced);
        };
        self.nodes.shift_ms.set(heard.seen - asked.get());
        let mut looked = self.nodes.looked.borrow_mut();
        let known = heard.seen - looked.at < LOOKED_AWAY_MS && heard.changes.len() <= CHANGES_MAX;
        let changes = known.then(|| {
            let news = heard.changes.iter().filter(|(number, _)| !looked.told.contains(number));
            let once: HashSet<Change> = news.map(|(_, change)| *change).collect();
            once.into_iter().collect()
        });
        looked.at = heard.seen;
        looked.txid = heard.txid;
        looked.told = heard.changes.into_iter().map(|(number, _)| number).collect();
        let horizon = heard.horizon.map(EventId::from_i64);
        Ok(Company { others: heard.others, horizon, changes, replaced: false })
    }

    pub(super) async fn leave(&self) -> Result<(), StoreError> {
        let Some(member) = self.nodes.member.get() else { return Ok(()) };
        let verb = async |db: &Transaction| {
            db.run(only::NODE_LEAVE, values![member.node, member.holder]).await
        };
        self.write_as(Kind::Join, &verb).await?;
        *self.nodes.session.lock().await = None;
        Ok(())
    }

    /// Takes the jobs that no other server is at; answers which.
    pub(super) async fn take_jobs(&self, ids: &[JobId]) -> Result<Vec<JobId>, StoreError> {
        let Some(member) = self.nodes.member.get() else { return Ok(ids.to_vec()) };
        let verb = async |db: &Transaction| {
            let mut taken = Vec::new();
            for id in ids {
                let row = values![id.as_i64(), member.holder];
                if db.run(only::JOB_TAKE, row).await? == 1 {
                    taken.push(*id);
                }
            }
            Ok(taken)
        };
        self.write(&verb).await
    }

    /// Forgets changes that every server has seen.
    pub(super) async fn forget_changes(&self) -> Result<u64, StoreError> {
        let verb = async |db: &Transaction| db.run(only::CHANGES_FORGET, values![]).await;
        self.write(&verb).await
    }
}

struct Taken {
    node: i64,
    holder: i64,
    seen: i64,
    txid: String,
}

/// Takes a node, while nobody gives a sign of life: whoever has told of its floor before this is seen
/// here, and whoever tells of a higher one after it sees this node.
async fn take(db: &Transaction, before: i64) -> Result<Option<(i64, Taken)>, Trouble> {
    db.run(only::NODE_LOCK, values![]).await?;
    if db.number(only::IMPORT_WAITS, values![]).await?.is_some() {
        let detail = "an import into it is not finished".to_owned();
        return Err(StoreError::Unavailable { detail }.into());
    }
    let after = db.number(only::NODE_FLOOR, values![]).await?.unwrap_or(0);
    let read = |row: &dyn Columns| {
        Ok(Taken { node: row.get(0)?, holder: row.get(1)?, seen: row.get(2)?, txid: row.get(3)? })
    };
    let taken = db.one(only::NODE_TAKE, values![after, before], read).await?;
    Ok(taken.map(|taken| (after, taken)))
}

struct Heard {
    seen: i64,
    others: u32,
    horizon: Option<i64>,
    txid: String,
    changes: Vec<(i64, Change)>,
}

/// A sign of life, and a look at the others; `None`: the node is another's by now.
async fn sign(
    db: &Transaction,
    member: Member,
    floor: EventId,
    txid: &str,
) -> Result<Option<Heard>, Trouble> {
    db.run(only::NODE_LOCK_SHARED, values![]).await?;
    let own = values![member.node, member.holder, floor.as_i64()];
    let Some(seen) = db.number(only::NODE_BEAT, own).await? else { return Ok(None) };
    let company = db
        .one(only::NODE_COMPANY, values![member.node], |row| {
            Ok((row.get::<i64>(0)?, row.get::<Option<i64>>(1)?, row.get::<String>(2)?))
        })
        .await?;
    let Some((others, horizon, next)) = company else { return Ok(None) };
    let changes = db
        .many(only::CHANGES, values![txid], |row| {
            Ok((row.get(0)?, change(row.get(1)?, row.get(2)?)))
        })
        .await?;
    let others = u32::try_from(others).unwrap_or(u32::MAX);
    Ok(Some(Heard { seen, others, horizon, txid: next, changes }))
}

fn change(kind: i64, subject: i64) -> Change {
    match kind {
        0 => Change::Merchant(MerchantId::from_i64(subject)),
        1 => Change::Endpoint(EndpointId::from_i64(subject)),
        _ => Change::Key,
    }
}

//! The thread that speaks to PostgreSQL: many verbs at once, each on a connection of the pool.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use deadpool_postgres::{ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc};

use super::again::Tries;
use super::fate::{self, Fate};
use super::migrations::{self, OpenError};
use super::nodes::Nodes;
use super::options::{Options, Pooler};
use super::parts;
use super::transaction::{About, Begins, Kind, Transaction};
use super::trouble::Trouble;
use super::way::Way;
use crate::{Fault, FaultPoint, Faults, StoreError};

/// A verb on its way, with where its answer goes.
pub(super) type Work = Box<dyn FnOnce(Rc<Worker>) -> LocalBoxFuture<'static, ()> + Send>;

/// What else runs on the thread, until nothing more can come.
pub(super) type Beside = Box<dyn FnOnce(Rc<Worker>) -> LocalBoxFuture<'static, ()> + Send>;

/// How long a verb waits for a connection.
const CONNECTION_WITHIN: Duration = Duration::from_secs(5);

/// How many verbs that a batch left over are done at once.
const TURNS: usize = 3;

/// What verbs run on.
pub(super) struct Worker {
    pool: Pool,
    /// A connection for signs of life, which wait for nobody.
    life: Pool,
    pub(super) begins: Begins,
    pub(super) nodes: Nodes,
    faults: RefCell<Option<Faults>>,
    crashed: Cell<bool>,
    turns: Semaphore,
    /// Rung when a transaction has begun.
    reached: Notify,
}

impl Worker {
    /// Starts the thread; answers when the database is reached and its schema up to date.
    pub(super) fn start(
        options: &Options,
        faults: Option<Faults>,
        waiting: mpsc::UnboundedReceiver<Work>,
        bell: Arc<Notify>,
        beside: Beside,
    ) -> Result<JoinHandle<()>, OpenError> {
        let reach = Reach::new(options)?;
        let (begins, connections) = (Begins::new(options), options.connections.max(1));
        let part_days = options.part_days.max(1);
        let (tell, told) = std::sync::mpsc::channel();
        let thread = Builder::new().name("posthorn-postgres".into()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = tell.send(Err(OpenError::Unusable { detail: error.to_string() }));
                    return;
                }
            };
            runtime.block_on(async move {
                let (pool, life) = match open(&reach, connections, part_days).await {
                    Ok(pools) => pools,
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                let _ = tell.send(Ok(()));
                let (faults, crashed) = (RefCell::new(faults), Cell::new(false));
                let (nodes, turns) = (Nodes::new(reach.session, bell), Semaphore::new(TURNS));
                let reached = Notify::new();
                let worker = Self { pool, life, begins, nodes, faults, crashed, turns, reached };
                let worker = Rc::new(worker);
                futures::join!(serve(Rc::clone(&worker), waiting), beside(worker));
            });
        });
        let thread = thread.map_err(|error| OpenError::Unusable { detail: error.to_string() })?;
        let ended = || OpenError::Unusable { detail: "its thread ended".to_owned() };
        told.recv().map_err(|_| ended())??;
        Ok(thread)
    }

    /// Carries a verb out, again and again if it only met another or lost its connection.
    pub(super) async fn write<A>(
        &self,
        verb: &impl AsyncFn(&Transaction) -> Result<A, Trouble>,
    ) -> Result<A, StoreError> {
        self.write_as(Kind::Write, verb).await
    }

    /// The same in a transaction of this kind.
    pub(super) async fn write_as<A>(
        &self,
        kind: Kind,
        verb: &impl AsyncFn(&Transaction) -> Result<A, Trouble>,
    ) -> Result<A, StoreError> {
        let mut tries = Tries::default();
        loop {
            match self.write_once(kind, verb).await {
                Err(Undone { trouble, committing: false }) => {
                    self.wait_after(trouble, &mut tries).await?;
                }
                done => return done.map_err(|undone| undone.trouble.into_error()),
            }
        }
    }

    async fn write_once<A>(
        &self,
        kind: Kind,
        verb: &impl AsyncFn(&Transaction) -> Result<A, Trouble>,
    ) -> Result<A, Undone> {
        self.strike(FaultPoint::BeforeBegin)?;
        let transaction = self.begin(kind).await?;
        let answer = match verb(&transaction).await {
            Ok(answer) => answer,
            Err(trouble) => return Err(undo(transaction, trouble).await),
        };
        self.strike(FaultPoint::BeforeCommit)?;
        self.commit(transaction).await?;
        match self.strike(FaultPoint::AfterCommit) {
            Err(closed @ Undone { trouble: Trouble::Refused(StoreError::Closed), .. }) => {
                Err(closed)
            }
            // What is committed cannot fail any more; only its answer can get lost, by a crash.
            Ok(()) | Err(_) => Ok(answer),
        }
    }

    /// Commits. Where the answer was lost the database is asked what became of the transaction; that
    /// it was committed is believed only of one whose session was ended in good order, because after
    /// a crash the number may be another's.
    pub(super) async fn commit(&self, transaction: Transaction) -> Result<(), Undone> {
        let number = transaction.xid();
        let Err(trouble) = transaction.commit().await else { return Ok(()) };
        let fate = match number {
            Some(number) if trouble.is_cut_off() => self.fate(number).await,
            Some(_) | None => Fate::Forgotten,
        };
        match fate {
            Fate::Committed if trouble.is_told_to_end() => Ok(()),
            Fate::Undone => Err(Undone { trouble, committing: false }),
            Fate::Committed | Fate::Running | Fate::Forgotten => {
                Err(Undone { trouble, committing: true })
            }
        }
    }

    pub(super) async fn fate(&self, number: u64) -> Fate {
        let mut tries = Tries::default();
        loop {
            let trouble = match fate::ask(&self.pool, number).await {
                Ok(Fate::Running) => Trouble::Away("its session has not ended".to_owned()),
                Ok(fate) => return fate,
                Err(trouble) => trouble,
            };
            if self.wait_after(trouble, &mut tries).await.is_err() {
                return Fate::Forgotten;
            }
        }
    }

    /// Reads in one snapshot, again and again if the connection is lost.
    pub(super) async fn read<A>(
        &self,
        kind: Kind,
        read: &impl AsyncFn(&Transaction) -> Result<A, Trouble>,
    ) -> Result<A, StoreError> {
        let mut tries = Tries::default();
        loop {
            match self.read_once(kind, read).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => self.wait_after(trouble, &mut tries).await?,
            }
        }
    }

    async fn read_once<A>(
        &self,
        kind: Kind,
        read: &impl AsyncFn(&Transaction) -> Result<A, Trouble>,
    ) -> Result<A, Trouble> {
        if self.crashed.get() {
            return Err(StoreError::Closed.into());
        }
        let transaction = self.begin(kind).await.map_err(|undone| undone.trouble)?;
        let answer = match read(&transaction).await {
            Ok(answer) => answer,
            Err(trouble) => return Err(undo(transaction, trouble).await.trouble),
        };
        transaction.roll_back().await?;
        Ok(answer)
    }

    /// A connection for a transaction of this kind.
    pub(super) async fn connection(&self, kind: Kind) -> Result<Object, Undone> {
        let pool = if matches!(kind, Kind::Join | Kind::Beat) { &self.life } else { &self.pool };
        let connected = pool.get().await;
        connected.map_err(|error| Undone { trouble: error.into(), committing: false })
    }

    /// Whether faults are told on demand: then nothing is sent past a point where one may strike.
    pub(super) fn has_faults(&self) -> bool {
        self.faults.borrow().is_some()
    }

    /// What a batch leaves to the plain verbs takes turns, so that it never has all connections.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// Waits until a transaction that came to nothing can be done again; or says why it cannot. Who
    /// waits for the database is woken when another has reached it.
    async fn wait_after(&self, trouble: Trouble, tries: &mut Tries) -> Result<(), StoreError> {
        let Some(wait) = tries.next(&trouble) else { return Err(trouble.into_error()) };
        tracing::debug!(?trouble, "a transaction is done again");
        if !wait.is_zero() {
            let _reached_or_waited = tokio::time::timeout(wait, self.reached.notified()).await;
        }
        Ok(())
    }

    /// What a transaction knows of this server.
    pub(super) fn about(&self) -> About {
        let (shift_ms, member) = (self.nodes.shift_ms.get(), self.nodes.member.get());
        About { pooler: self.begins.pooler, shift_ms, member }
    }

    async fn begin(&self, kind: Kind) -> Result<Transaction, Undone> {
        // A connection that broke while it waited in the pool is told by its first statement.
        let mut left = self.pool.status().size + 1;
        let undone = |trouble| Undone { trouble, committing: false };
        loop {
            let client = self.connection(kind).await?;
            let about = self.about();
            let begin = self.begins.of(kind, about.member);
            match Transaction::begin(client, &begin, about).await {
                Ok(transaction) => {
                    self.reached.notify_waiters();
                    return Ok(transaction);
                }
                Err(trouble) if left > 1 && trouble.is_cut_off() => left -= 1,
                Err(trouble) => return Err(undone(trouble)),
            }
        }
    }

    pub(super) fn strike(&self, point: FaultPoint) -> Result<(), Undone> {
        let undone = |error: StoreError| Undone { trouble: error.into(), committing: false };
        if self.crashed.get() {
            return Err(undone(StoreError::Closed));
        }
        let mut faults = self.faults.borrow_mut();
        let Some(faults) = faults.as_mut() else { return Ok(()) };
        match faults(point) {
            Fault::None => Ok(()),
            Fault::Fail => {
                let detail = "a simulated fault".to_owned();
                Err(undone(StoreError::Unavailable { detail }))
            }
            Fault::Crash => {
                self.crashed.set(true);
                self.nodes.vanish();
                Err(undone(StoreError::Closed))
            }
        }
    }
}

/// Why a transaction came to nothing, and whether it was being committed when it did: then nobody
/// knows.
pub(super) struct Undone {
    pub(super) trouble: Trouble,
    pub(super) committing: bool,
}

async fn undo(transaction: Transaction, trouble: Trouble) -> Undone {
    if let Err(also) = transaction.roll_back().await {
        tracing::debug!(?also, "a transaction could not be rolled back; its connection is closed");
    }
    Undone { trouble, committing: false }
}

/// The database twice: for transactions, and for what needs a session of its own, if there is a way
/// for that.
pub(super) struct Reach {
    transactions: Way,
    pub(super) session: Option<Way>,
}

impl Reach {
    pub(super) fn new(options: &Options) -> Result<Self, OpenError> {
        let read = |url: &str| Way::read(url, options.tls.as_ref()).ok_or(OpenError::Unreadable);
        let transactions = read(&options.url)?;
        let session = match (&options.direct, options.pooler) {
            (Some(url), _) => Some(read(url)?),
            (None, Pooler::None) => Some(transactions.clone()),
            (None, Pooler::Transaction) => None,
        };
        Ok(Self { transactions, session })
    }
}

async fn open(
    reach: &Reach,
    connections: usize,
    part_days: u32,
) -> Result<(Pool, Pool), OpenError> {
    if reach.session.is_none() {
        tracing::warn!(
            "behind a pooler changes are found by looking, and what the server before left is taken up \
             when its leases end; `postgres.direct` mends both"
        );
    }
    let way = &reach.transactions;
    let (pool, life) = (pool(way, connections)?, pool(way, 1)?);
    migrations::migrate(&pool).await?;
    migrations::refuse_half(&pool).await?;
    parts::open_ahead(&pool, part_days).await?;
    Ok((pool, life))
}

/// Connections, made when they are wanted.
pub(super) fn pool(way: &Way, connections: usize) -> Result<Pool, OpenError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(way.for_a_pool(recycling))
        .max_size(connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(CONNECTION_WITHIN))
        .create_timeout(Some(CONNECTION_WITHIN))
        .build()
        .map_err(|error| OpenError::Unusable { detail: error.to_string() })
}

/// Does what comes in until nothing more can come and all of it is done.
async fn serve(worker: Rc<Worker>, mut waiting: mpsc::UnboundedReceiver<Work>) {
    let mut under_way = FuturesUnordered::new();
    let mut open = true;
    while open || !under_way.is_empty() {
        tokio::select! {
            work = waiting.recv(), if open => match work {
                Some(work) => under_way.push(work(Rc::clone(&worker))),
                None => open = false,
            },
            Some(()) = under_way.next(), if !under_way.is_empty() => {}
        }
    }
}

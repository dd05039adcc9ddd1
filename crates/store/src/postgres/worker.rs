//! The thread that speaks to PostgreSQL: many verbs at once, each on a connection of the pool.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::StreamExt;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{Notify, Semaphore, SemaphorePermit, mpsc};
use tokio_postgres::{Config, NoTls};

use super::Options;
use super::migrations::{self, OpenError};
use super::nodes::Nodes;
use super::parts;
use super::transaction::{Kind, Transaction};
use super::trouble::Trouble;
use crate::{Fault, FaultPoint, Faults, StoreError};

/// A verb on its way, with where its answer goes.
pub(super) type Work = Box<dyn FnOnce(Rc<Worker>) -> LocalBoxFuture<'static, ()> + Send>;

/// What else runs on the thread, until nothing more can come.
pub(super) type Beside = Box<dyn FnOnce(Rc<Worker>) -> LocalBoxFuture<'static, ()> + Send>;

/// How often a transaction that met another is done again.
const TIMES: u32 = 10;
/// How long a verb waits for a connection.
const CONNECTION_WITHIN: Duration = Duration::from_secs(5);

/// How many verbs that a batch left over are done at once.
const TURNS: usize = 3;

/// What verbs run on.
pub(super) struct Worker {
    pool: Pool,
    pub(super) nodes: Nodes,
    faults: RefCell<Option<Faults>>,
    crashed: Cell<bool>,
    turns: Semaphore,
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
        let mut config = Config::from_str(&options.url).map_err(|error| OpenError::of(&error))?;
        config.application_name("posthorn");
        let connections = options.connections.max(1);
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
                let pool = match open(&config, connections, part_days).await {
                    Ok(pool) => pool,
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                let _ = tell.send(Ok(()));
                let (faults, crashed) = (RefCell::new(faults), Cell::new(false));
                let (nodes, turns) = (Nodes::new(config, bell), Semaphore::new(TURNS));
                let worker = Rc::new(Self { pool, nodes, faults, crashed, turns });
                futures::join!(serve(Rc::clone(&worker), waiting), beside(worker));
            });
        });
        let thread = thread.map_err(|error| OpenError::Unusable { detail: error.to_string() })?;
        let ended = || OpenError::Unusable { detail: "its thread ended".to_owned() };
        told.recv().map_err(|_| ended())??;
        Ok(thread)
    }

    /// Carries a verb out, again and again if it only met another.
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
        let mut left = TIMES;
        loop {
            match self.write_once(kind, verb).await {
                Err(Undone { trouble, committing: false }) if left > 1 && trouble.passes() => {
                    left -= 1;
                    tracing::debug!(?trouble, "a transaction is done again");
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
        let committed = transaction.commit().await;
        committed.map_err(|trouble| Undone { trouble, committing: true })?;
        match self.strike(FaultPoint::AfterCommit) {
            Err(closed @ Undone { trouble: Trouble::Refused(StoreError::Closed), .. }) => {
                Err(closed)
            }
            // What is committed cannot fail any more; only its answer can get lost, by a crash.
            Ok(()) | Err(_) => Ok(answer),
        }
    }

    /// Reads in one snapshot.
    pub(super) async fn read<A>(
        &self,
        kind: Kind,
        read: impl AsyncFnOnce(&Transaction) -> Result<A, Trouble>,
    ) -> Result<A, StoreError> {
        if self.crashed.get() {
            return Err(StoreError::Closed);
        }
        let transaction = self.begin(kind).await.map_err(|undone| undone.trouble.into_error())?;
        let answer = read(&transaction).await;
        let ended = transaction.roll_back().await;
        let answer = answer.map_err(Trouble::into_error)?;
        ended.map_err(Trouble::into_error)?;
        Ok(answer)
    }

    /// A connection of the pool.
    pub(super) async fn connection(&self) -> Result<Object, Undone> {
        self.pool.get().await.map_err(|error| Undone {
            trouble: Trouble::Unreachable(error.to_string()),
            committing: false,
        })
    }

    /// Whether faults are told on demand: then nothing is sent past a point where one may strike.
    pub(super) fn has_faults(&self) -> bool {
        self.faults.borrow().is_some()
    }

    /// What a batch leaves to the plain verbs takes turns, so that it never has all connections.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    async fn begin(&self, kind: Kind) -> Result<Transaction, Undone> {
        // A connection that broke while it waited in the pool is told by its first statement.
        let mut left = self.pool.status().size + 1;
        loop {
            let client = self.connection().await?;
            let (member, shift_ms) = (self.nodes.member.get(), self.nodes.shift_ms.get());
            match Transaction::begin(client, kind, member, shift_ms).await {
                Err(trouble) if left > 1 && trouble.passes() => left -= 1,
                begun => {
                    return begun.map_err(|trouble| Undone { trouble, committing: false });
                }
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

async fn open(config: &Config, connections: usize, part_days: u32) -> Result<Pool, OpenError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config.clone(), NoTls, recycling);
    let pool = Pool::builder(manager)
        .max_size(connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(CONNECTION_WITHIN))
        .create_timeout(Some(CONNECTION_WITHIN))
        .build()
        .map_err(|error| OpenError::Unusable { detail: error.to_string() })?;
    migrations::migrate(&pool).await?;
    parts::open_ahead(&pool, part_days).await?;
    Ok(pool)
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

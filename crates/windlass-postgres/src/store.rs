//! [`Store`] for PostgreSQL: each verb is one statement on one of three connections, or a few.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use windlass_core::id::WorkerId;
use windlass_core::store::{Facts, Reply, Store};
use windlass_core::wake::Wakeups;
use windlass_core::worker::Registration;

use crate::condition::coalesce::SignalCoalescer;
use crate::connection::config::History;
use crate::connection::facts;
use crate::connection::patience::Gate;
use crate::connection::transaction::Transactions;
use crate::connection::watch::{Hearing, Watch};
use crate::connection::{Connection, Shared};
use crate::job::claim::Local;
use crate::job::claim_cursor::ClaimCursors;
use crate::job::coalesce::Coalescer;
use crate::job::turn::Turns;
use crate::maintenance::sweep::SeenStart;
use crate::maintenance::tidy::KeyWalk;
use crate::maintenance::walk::AllWalks;

/// Calls with fewer jobs share statements with others.
pub(crate) const SHARES_A_STATEMENT: usize = 100;

/// The store on a PostgreSQL server, in one schema, on at most three connections.
#[derive(Debug)]
pub struct PostgresStore {
    /// Claims, sweeps and questions. A question waits behind a claim that waits for its turn.
    pub(crate) claims: Connection,
    /// Settlements, heartbeats and enqueues.
    pub(crate) writes: Arc<Connection>,
    /// Transactions of several statements; made when there is one.
    pub(crate) transactions: Transactions,
    /// Rounds of operations and their counts, likewise.
    pub(crate) operations: Transactions,
    pub(crate) coalescer: Coalescer,
    pub(crate) signals: SignalCoalescer,
    pub(crate) watch: Watch,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) cursors: ClaimCursors,
    pub(crate) turns: Turns,
    pub(crate) key_walk: KeyWalk,
    pub(crate) walks: AllWalks,
    pub(crate) seen_start: SeenStart,
    /// For calls that may wait for others' transactions.
    pub(crate) waiting: Arc<Gate>,
    pub(crate) workers: Mutex<HashMap<WorkerId, Arc<Local>>>,
}

impl PostgresStore {
    /// Whether completed jobs are kept, or only counted.
    pub(crate) fn keeps_completed(&self) -> bool {
        self.shared.config.history == History::Kept
    }

    /// What is known of a worker that registered here.
    pub(crate) fn known(&self, worker: WorkerId) -> Option<Arc<Local>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).get(&worker).cloned()
    }

    pub(crate) fn local(&self, worker: WorkerId) -> Arc<Local> {
        self.known(worker).unwrap_or_else(|| {
            // A worker that never registered here can claim nothing that it could keep.
            Arc::new(Local {
                label: worker.to_string().into(),
                queues: Vec::new(),
                asleep: AtomicBool::new(false),
                wakeable: false,
            })
        })
    }

    pub(crate) fn remember(&self, worker: &Registration, heard: Hearing) {
        let local = Local {
            label: worker.label.as_str().into(),
            queues: worker.queues.clone(),
            asleep: AtomicBool::new(false),
            wakeable: heard == Hearing::Heard,
        };
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        workers.insert(worker.worker, Arc::new(local));
    }

    pub(crate) fn forget(&self, worker: WorkerId) {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).remove(&worker);
        self.watch.let_go(worker);
    }
}

impl Store for PostgresStore {
    fn facts(&self) -> Reply<'_, Facts> {
        Box::pin(facts::facts(&self.claims, self.keeps_completed()))
    }

    fn schema(&self) -> &str {
        &self.shared.config.schema
    }

    fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }
}

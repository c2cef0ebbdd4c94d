//! [`Store`] for SQLite: each verb is one step of the writer, or one question to a reader.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use windlass_core::id::WorkerId;
use windlass_core::limits::KEEP_FINISHED;
use windlass_core::name::DEFAULT_SCHEMA;
use windlass_core::store::{Facts, Now, Reply, Store};
use windlass_core::time::Timestamp;
use windlass_core::wake::Wakeups;
use windlass_core::worker::Registration;

use crate::connection::connect::Durability;
use crate::connection::facts;
use crate::connection::reader::Readers;
use crate::connection::writer::Writer;
use crate::job::claim::Local;
use crate::job::settle::SettleContext;
use crate::worker::alive::Alive;

/// The embedded store: one SQLite file, shared by any number of processes of one machine.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) wakeups: Arc<Wakeups>,
    pub(crate) alive: Alive,
    pub(crate) durability: Durability,
    pub(crate) keeps_completed: bool,
    pub(crate) locals: Mutex<HashMap<WorkerId, Arc<Local>>>,
}

/// SQLite's clock is this machine's.
pub(crate) fn at(now: Now) -> Timestamp {
    now.given().unwrap_or_else(Timestamp::wall_clock)
}

pub(crate) fn context<'a>(
    connection: &'a Connection,
    label: &'a str,
    now: Timestamp,
) -> SettleContext<'a> {
    SettleContext {
        connection,
        label,
        now,
        prune_at: now.after(KEEP_FINISHED),
        keeps_completed: true,
        told: Cell::new(false),
        is_cancelling: Cell::new(false),
    }
}

impl SqliteStore {
    /// What is known of a worker that registered here.
    pub(crate) fn known(&self, worker: WorkerId) -> Option<Arc<Local>> {
        self.locals.lock().unwrap_or_else(PoisonError::into_inner).get(&worker).cloned()
    }

    pub(crate) fn local(&self, worker: WorkerId) -> Arc<Local> {
        self.known(worker).unwrap_or_else(|| Arc::new(Local::of(&worker.to_string())))
    }

    /// There is something to claim: the workers of this process need not look first.
    pub(crate) fn raise_hopes(&self) {
        for local in self.locals.lock().unwrap_or_else(PoisonError::into_inner).values() {
            local.is_hopeful.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn label(&self, worker: WorkerId) -> Arc<str> {
        Arc::clone(&self.local(worker).label)
    }

    pub(crate) fn name_worker(&self, worker: &Registration) {
        let local = Arc::new(Local::of(&worker.label));
        self.locals.lock().unwrap_or_else(PoisonError::into_inner).insert(worker.worker, local);
    }

    pub(crate) fn forget_worker(&self, worker: WorkerId) {
        self.locals.lock().unwrap_or_else(PoisonError::into_inner).remove(&worker);
        self.alive.let_go(worker);
    }
}

impl Store for SqliteStore {
    fn facts(&self) -> Reply<'_, Facts> {
        let (durability, keeps_completed) = (self.durability.word(), self.keeps_completed);
        Box::pin(self.readers.read(move |c| facts::facts(c, durability, keeps_completed)))
    }

    fn schema(&self) -> &str {
        DEFAULT_SCHEMA
    }

    fn wakeups(&self) -> &Wakeups {
        &self.wakeups
    }
}

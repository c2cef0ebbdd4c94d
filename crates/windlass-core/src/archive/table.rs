//! Tables: which there are and of what their rows are made, the same for every store.

use uuid::Uuid;

/// A table as every store has it, whatever its own look like.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

/// A column.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What stands in it.
    pub form: Form,
}

/// What stands in a column; null may stand in any, the database says where not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A whole number, a moment, or a flag as 0 or 1.
    Whole,
    /// A number.
    Real,
    /// A text.
    Text,
    /// A JSON text that a store may write in its own way.
    Json,
    /// A JSON array of ids.
    Ids,
    /// An id. The first of a table is its job's where it has a lease.
    Id,
    /// The id of a lease.
    Lease,
    /// The id of a worker.
    Worker,
    /// Bytes.
    Bytes,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number, a moment, or a flag.
    Whole(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
    /// An id.
    Id(Uuid),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Value {
    /// About so many bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        match self {
            Self::Text(text) => 8 + text.len(),
            Self::Bytes(bytes) => 8 + bytes.len(),
            Self::Id(_) => 16,
            _ => 8,
        }
    }

    const fn fits(&self, form: Form) -> bool {
        matches!(
            (self, form),
            (Self::Null, _)
                | (Self::Whole(_), Form::Whole)
                | (Self::Real(_), Form::Real)
                | (Self::Text(_), Form::Text | Form::Json | Form::Ids)
                | (Self::Id(_), Form::Id | Form::Lease | Form::Worker)
                | (Self::Bytes(_), Form::Bytes)
        )
    }
}

/// A value for each column of a table.
pub type Row = Vec<Value>;

impl Table {
    /// The table of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    /// Whether this can be a row of it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn check(&self, row: &Row) -> Result<(), String> {
        if row.len() != self.columns.len() {
            let (has, needs) = (row.len(), self.columns.len());
            return Err(format!("a row of {} has {has} values instead of {needs}", self.name));
        }
        let wrong = self.columns.iter().zip(row).find(|(column, value)| !value.fits(column.form));
        wrong.map_or(Ok(()), |(column, _)| {
            Err(format!("{}.{} is not of the form {:?}", self.name, column.name, column.form))
        })
    }
}

macro_rules! tables {
    ($($table:ident { $($column:ident: $form:ident),* $(,)? })*) => {
        &[$(Table {
            name: stringify!($table),
            columns: &[$(Column { name: stringify!($column), form: Form::$form }),*],
        }),*]
    };
}

/// All tables, in the order in which they are written: what a trigger of a store looks for stands before what it is of.
pub const TABLES: &[Table] = tables! {
    counter { name: Text, value: Whole }
    minimum_build { program: Text, version: Text, note: Text, set_at: Whole }
    queue { name: Text, paused_at: Whole, paused_until: Whole, note: Text }
    queue_bound { queue: Text, jobs: Whole, waits: Whole }
    queue_age { queue: Text, every: Whole }
    paused_kind { kind: Text, paused_at: Whole, paused_until: Whole, note: Text }
    limit_rule {
        scope: Whole, name: Text, running: Whole, tokens: Whole, tokens_per: Whole, tokens_burst: Whole, broken_after: Whole,
        broken_within: Whole, broken_for: Whole, reserved: Json, origin: Whole, note: Text, set_at: Whole,
    }
    bucket { gate: Text, tokens: Real, at: Whole }
    breaker { gate: Text, opened_at: Whole, probe: Id, probed_at: Whole }
    failure { gate: Text, at: Whole, job: Id }
    kind_limit { worker: Worker, kind: Text, max_attempts: Whole, max_losses: Whole }
    tag { tag: Text, job: Id }
    pending {
        id: Id, run_at: Whole, created_at: Whole, attempt: Whole, failures: Whole, state: Whole, version: Whole, priority: Whole,
        losses: Whole, max_attempts: Whole, queue: Text, kind: Text, args: Text, root: Id, parent: Id, origin: Text, meta: Text,
        history: Text, reason: Text, line: Text,
    }
    running {
        id: Id, lease: Lease, worker: Worker, label: Text, claimed_at: Whole, cancel: Text, run_at: Whole, created_at: Whole,
        attempt: Whole, failures: Whole, version: Whole, priority: Whole, losses: Whole, max_attempts: Whole, queue: Text, kind: Text,
        args: Text, root: Id, parent: Id, origin: Text, meta: Text, history: Text,
    }
    finished {
        id: Id, run_at: Whole, created_at: Whole, started_at: Whole, finished_at: Whole, prune_at: Whole, attempt: Whole,
        failures: Whole, state: Whole, version: Whole, priority: Whole, losses: Whole, max_attempts: Whole, queue: Text, kind: Text,
        args: Text, worker: Text, output: Text, reason: Text, root: Id, parent: Id, origin: Text, meta: Text, history: Text,
    }
    job_count { queue: Text, state: Whole, prune_day: Whole, jobs: Whole }
    permit { gate: Text, job: Id, lease: Lease, blocks: Whole }
    unique_key { kind: Text, key: Text, job: Id, until: Whole, expires_at: Whole }
    duplicate { at: Whole, kind: Text, key: Text, answer: Whole, job: Id, origin: Text }
    duplicate_count { kind: Text, answer: Whole, jobs: Whole }
    batch {
        id: Id, name: Text, key: Text, undoes: Id, created_at: Whole, sealed: Whole, live: Whole, ended: Whole, ended_at: Whole,
    }
    member { job: Id, batch: Id, step: Text, ended: Whole }
    batch_look { batch: Id }
    condition {
        job: Id, nth: Whole, name: Text, awaits: Id, of_batch: Whole, ends: Whole, signal: Text, at: Whole, overdue: Whole,
        state: Whole, since: Whole, data: Text, note: Text, looks: Whole, or_cancel: Whole,
    }
    end_look { awaited: Id }
    signal { key: Text, came_at: Whole, withdrawn: Whole, data: Text, origin: Text, times: Whole, last_at: Whole }
    step { job: Id, nth: Whole, name: Text, form: Whole, output: Text, until: Whole, at: Whole, created_at: Whole }
    progress {
        job: Id, checkpoint: Text, checkpoint_at: Whole, attempt: Whole, account: Whole, percent: Real, note: Text, done: Whole,
        total: Whole, at: Whole, created_at: Whole,
    }
    log_line { job: Id, attempt: Whole, nth: Whole, at: Whole, level: Whole, text: Text }
    schedule {
        name: Text, rule: Text, zone: Text, on_missed: Text, on_overlap: Text, kind: Text, version: Whole, queue: Text,
        priority: Whole, max_attempts: Whole, args: Text, meta: Text, owner: Text, changed_by: Text, changed_at: Whole, declared: Text,
        declared_owner: Text, declared_by: Text, declared_at: Whole, replaced: Text, replaced_owner: Text, replaced_by: Text,
        replaced_at: Whole, contested_at: Whole, paused_at: Whole, note: Text, removed_at: Whole, from_at: Whole, next_at: Whole,
        queued_due_at: Whole, last_due_at: Whole, last_job: Id, fired: Whole, skipped: Whole, missed: Whole, error: Text,
        revision: Whole,
    }
    event {
        position: Whole, id: Id, source: Text, given: Text, type: Text, subject: Text, at: Whole, recorded_at: Whole, data: Text,
        root: Id, parent: Id, meta: Text,
    }
    intake {
        nth: Whole, id: Id, source: Text, given: Text, type: Text, subject: Text, at: Whole, data: Text, root: Id, parent: Id,
        meta: Text,
    }
    log {
        epoch: Whole, last: Whole, routed: Whole, part: Whole, revision: Whole, keep: Whole, at_most: Whole, removed: Whole,
        walked: Whole,
    }
    subscription {
        number: Whole, name: Text, definition: Text, after: Whole, since: Whole, position: Whole, until: Whole, paused_at: Whole,
        created_at: Whole,
    }
    gap { nth: Whole, number: Whole, from_position: Whole, to_position: Whole, reason: Text, at: Whole }
    event_window { number: Whole, key: Text, opened_at: Whole, due_at: Whole, positions: Json }
    subscription_request { nth: Whole, name: Text, what: Text, definition: Text, after: Whole, at: Whole, error: Text }
    source {
        name: Text, about: Text, state: Text, reason: Text, changed_at: Whole, cursor: Text, number: Whole, generation: Whole,
        then_cursor: Text, then_number: Whole, then_generation: Whole, disowned: Whole, epoch: Whole, head: Whole, imported: Whole,
        repeated: Whole, dropped: Whole, imported_at: Whole, polled_at: Whole, next_at: Whole, error: Text, error_at: Whole,
        failures: Whole,
    }
    source_gap {
        nth: Whole, source: Text, event: Id, why: Text, from_number: Whole, to_number: Whole, cursor: Text, answer: Text, at: Whole,
        closed_at: Whole,
    }
    quarantine {
        nth: Whole, source: Text, number: Whole, generation: Whole, reason: Text, body: Text, is_cut: Whole, at: Whole, digest: Whole,
    }
    alert {
        key: Text, type: Text, subject: Text, since: Whole, opened_at: Whole, fired_at: Whole, event: Id, data: Text, jobs: Ids,
    }
    alert_round { round: Whole }
    alert_mute { name: Text, declared: Whole, muted_at: Whole, until: Whole, note: Text }
    stats_part { id: Id, at: Whole, body: Text }
    stats_row {
        resolution: Whole, start_at: Whole, queue: Text, kind: Text, enqueued: Whole, started: Whole, died: Whole, ok: Whole,
        error: Whole, timeout: Whole, panic: Whole, lost: Whole, released: Whole, snoozed: Whole, cancelled: Whole, expired: Whole,
        discarded: Whole, wait: Text, run: Text,
    }
    stats_queue { resolution: Whole, start_at: Whole, queue: Text, available: Whole, running: Whole, oldest: Whole }
    stats_round { round: Whole }
    token { name: Text, digest: Bytes, hint: Text, grants: Text, created_at: Whole, expires_at: Whole }
    user { name: Text, password: Text, grants: Text, revision: Whole, created_at: Whole }
};

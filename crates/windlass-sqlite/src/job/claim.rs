//! Claim: available rows become running under a new lease, in one step of the writer.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rusqlite::{Connection, Row, params};
use windlass_core::error::StoreError;
use windlass_core::id::WorkerId;
use windlass_core::job::{Batch, ClaimRequest, Claimed, HandlerKey, Share};
use windlass_core::time::Timestamp;

use crate::error::store_error;
use crate::job::line::{Beside, Picking, Wanted};
use crate::row::{CLAIMED, Id, all, claimed, run};

const OPEN_QUEUE: &str = "select not exists (select 1 from windlass_queue where name = ?1 and paused_at is not null \
     and coalesce(paused_until > ?2, 1))";
const PAUSED_KINDS: &str =
    "select kind from windlass_paused_kind where coalesce(paused_until > ?1, 1)";
const PEEK: &str = "select 1 where exists (select 1 from windlass_pending where queue = ?1 and state = 2 and line is null) \
     or exists (select 1 from windlass_pending where queue = ?1 and state = 2 and line is not null)";
const TAKE: &str =
    "update windlass_pending set state = 4, attempt = attempt + 1, lease = ?2 where id = ?1";
const LEASE: &str = "insert into windlass_lease (id, worker, claimed_at, unsettled, label, jobs) values (?1, ?2, ?3, ?4, ?5, ?6)";

/// What a store keeps of a worker of this process.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) label: Arc<str>,
    /// Whether its next claim hardly ever gets nothing: the last one got all it asked for, or a job
    /// was just enqueued here.
    pub(crate) is_hopeful: AtomicBool,
}

impl Local {
    pub(crate) fn of(label: &str) -> Self {
        Self { label: label.into(), is_hopeful: AtomicBool::new(false) }
    }
}

/// Whether a claim could get anything; asked of a reader, so that an idle worker neither takes the
/// write lock nor waits for the process that has it.
pub(crate) fn peek(
    connection: &Connection,
    request: &ClaimRequest,
    now: Timestamp,
) -> Result<bool, StoreError> {
    for share in &request.shares {
        let found = connection
            .prepare_cached(PEEK)
            .and_then(|mut statement| statement.exists([&share.queue]))
            .map_err(store_error)?;
        if found && is_open(connection, &share.queue, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn claim(
    connection: &Connection,
    request: &ClaimRequest,
    label: &str,
    now: Timestamp,
) -> Result<Batch, StoreError> {
    let mut jobs: Vec<Arc<Claimed>> = Vec::new();
    // What a worker claims that was taken for dead would be taken back at once, as lost.
    if !is_registered(connection, request.worker)? {
        return Ok(Batch { lease: request.lease, claimed_at: Some(now), jobs });
    }
    let paused = all(connection, PAUSED_KINDS, [now.as_micros()], |row| row.get(0))?;
    let mut known = Known::new(request, paused, now);
    let mut picking = Picking::new(connection, request, now)?;
    let mut wanted = Wanted { jobs: request.jobs, bytes: request.bytes, is_whole: true };
    for share in &request.shares {
        if wanted.jobs == 0 || wanted.bytes == 0 {
            break;
        }
        if is_open(connection, &share.queue, now)? {
            let share = Share { queue: share.queue.clone(), jobs: share.jobs.min(wanted.jobs) };
            jobs.extend(pick_both(&mut picking, &share, &mut known, &mut wanted)?);
        }
    }
    picking.end()?;
    if !jobs.is_empty() {
        let batch = i16::try_from(jobs.len()).unwrap_or(i16::MAX);
        for (job, position) in jobs.iter_mut().filter_map(Arc::get_mut).zip(1i16..) {
            (job.batch, job.position) = (batch, position);
        }
        hold(connection, (request, label), &jobs, now)?;
    }
    Ok(Batch { lease: request.lease, claimed_at: Some(now), jobs })
}

/// Jobs of one queue, of those that stand in line and of those that do not: see [`Beside`].
fn pick_both(
    picking: &mut Picking<'_, '_>,
    share: &Share,
    known: &mut Known<'_>,
    wanted: &mut Wanted,
) -> Result<Vec<Arc<Claimed>>, StoreError> {
    let connection = picking.connection;
    let mut plain = Vec::new();
    let (kinds, whole) = picking.ruled(&share.queue)?;
    if !whole {
        known.without = kinds;
        pick(connection, share, known, wanted.bytes, &mut plain)?;
        known.without.clear();
    }
    let priorities: Vec<i16> = plain.iter().map(|job| job.priority).collect();
    let beside = Beside { jobs: share.jobs, plain: &priorities, odd: picking.odd() };
    let mut rest = Wanted { ..*wanted };
    let mut jobs = picking.pick(&share.queue, &beside, known, &mut rest)?;
    let was_whole = std::mem::replace(&mut wanted.is_whole, rest.is_whole);
    wanted.bytes = rest.bytes;
    let room = share.jobs - jobs.len();
    if jobs.is_empty() {
        // One job that is larger than all may be is taken alone.
        wanted.bytes =
            wanted.bytes.saturating_sub(plain.iter().map(|job| job.args.as_str().len()).sum());
        plain.truncate(room);
        wanted.is_whole = was_whole && plain.is_empty();
        jobs = plain;
    } else {
        let fits = |job: &Arc<Claimed>| {
            let size = job.args.as_str().len();
            let fits = size <= wanted.bytes;
            wanted.bytes = wanted.bytes.saturating_sub(size);
            fits
        };
        jobs.extend(plain.into_iter().take(room).take_while(fits));
    }
    wanted.jobs -= jobs.len();
    Ok(jobs)
}

fn is_registered(connection: &Connection, worker: WorkerId) -> Result<bool, StoreError> {
    const REGISTERED: &str = "select exists (select 1 from windlass_worker where id = ?1)";
    connection
        .prepare_cached(REGISTERED)
        .and_then(|mut statement| statement.query_row([Id::from(worker)], |row| row.get(0)))
        .map_err(store_error)
}

fn is_open(connection: &Connection, queue: &str, now: Timestamp) -> Result<bool, StoreError> {
    connection
        .prepare_cached(OPEN_QUEUE)
        .and_then(|mut statement| {
            statement.query_row(params![queue, now.as_micros()], |row| row.get(0))
        })
        .map_err(store_error)
}

/// Reads available jobs of one queue in order, as many as the share and the bytes allow.
fn pick(
    connection: &Connection,
    share: &Share,
    known: &mut Known<'_>,
    most_bytes: usize,
    jobs: &mut Vec<Arc<Claimed>>,
) -> Result<(), StoreError> {
    let mut bytes = 0;
    let sql = select_available();
    let mut statement = connection.prepare_cached(&sql).map_err(store_error)?;
    let mut rows = statement.query([&share.queue]).map_err(store_error)?;
    let mut taken = 0;
    while taken < share.jobs {
        let Some(row) = rows.next().map_err(store_error)? else { break };
        if known.leaves_out(row).map_err(store_error)? {
            continue;
        }
        let job = claimed(row, 0).map_err(store_error)?;
        if !known.may_start(&job) {
            continue;
        }
        bytes += job.args.as_str().len();
        if bytes > most_bytes && !jobs.is_empty() {
            break;
        }
        jobs.push(Arc::new(job));
        taken += 1;
    }
    Ok(())
}

/// What may be claimed now: the kinds and versions a worker knows and that are not paused, with the answer for the last one asked: jobs of one kind
/// come in long runs.
pub(crate) struct Known<'a> {
    keys: HashSet<&'a str>,
    kinds: HashSet<&'a str>,
    /// Kinds that are left out for now.
    without: HashSet<String>,
    last: Option<(String, u16, bool)>,
    paused: Vec<String>,
    now: Timestamp,
}

impl<'a> Known<'a> {
    fn new(request: &'a ClaimRequest, paused: Vec<String>, now: Timestamp) -> Self {
        let keys: HashSet<_> = request.handlers.iter().map(|key| key.as_str()).collect();
        let kind = |key: &&'a str| key.rsplit_once('@').map_or(*key, |(kind, _)| kind);
        let kinds = keys.iter().map(kind).collect();
        Self { keys, kinds, without: HashSet::new(), last: None, paused, now }
    }

    pub(crate) fn may_start(&mut self, job: &Claimed) -> bool {
        let has_expired = job.meta.expires_at(job.created_at).is_some_and(|at| at <= self.now);
        !has_expired && self.has(job)
    }

    /// Whether any version of a kind may be claimed.
    pub(crate) fn knows(&self, kind: &str) -> bool {
        self.kinds.contains(kind) && !self.paused.iter().any(|paused| paused == kind)
    }

    /// Whether a row, as it is to be read, is of a kind that is left out.
    fn leaves_out(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        const KIND: usize = 2;
        Ok(!self.without.is_empty() && self.without.contains(row.get_ref(KIND)?.as_str()?))
    }

    fn has(&mut self, job: &Claimed) -> bool {
        if let Some((kind, version, answer)) = &self.last
            && *kind == job.kind
            && *version == job.version
        {
            return *answer;
        }
        let answer = self.keys.contains(HandlerKey::new(&job.kind, job.version).as_str())
            && !self.paused.contains(&job.kind);
        self.last = Some((job.kind.clone(), job.version, answer));
        answer
    }
}

fn select_available() -> String {
    format!(
        "select {CLAIMED} from windlass_pending where queue = ?1 and state = 2 and line is null \
         order by priority, run_at, id"
    )
}

fn hold(
    connection: &Connection,
    (request, label): (&ClaimRequest, &str),
    jobs: &[Arc<Claimed>],
    now: Timestamp,
) -> Result<(), StoreError> {
    let lease = Id::from(request.lease);
    let mut ids = Vec::with_capacity(jobs.len() * 16);
    let mut take = connection.prepare_cached(TAKE).map_err(store_error)?;
    for job in jobs {
        take.execute(params![Id::from(job.id), lease]).map_err(store_error)?;
        ids.extend_from_slice(job.id.as_uuid().as_bytes());
    }
    let number = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
    run(
        connection,
        LEASE,
        params![lease, Id::from(request.worker), now.as_micros(), number, label, ids],
    )?;
    Ok(())
}

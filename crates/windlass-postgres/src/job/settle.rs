//! Settle: outcomes of attempts as arrays; the lease row is the fence, and the worker brings the job
//! back with it, so that the lease's own copy is read only when a worker died.

use std::collections::{HashMap, HashSet};

use serde_json::json;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;
use windlass_core::error::StoreError;
use windlass_core::id::{LeaseId, WorkerId};
use windlass_core::job::{Outcome, Settled, Settlement, State, Verdict};
use windlass_core::limits::{HISTORY_ENTRIES, KEEP_FINISHED};
use windlass_core::store::Now;
use windlass_core::time::micros;

use crate::connection::{Bind, Connection};
use crate::job::columns::Columns;
use crate::job::complete::complete;
use crate::job::settled_before;
use crate::row::get;

pub(crate) const SETTLE: &str = concat!(include_str!("fence.sql"), include_str!("settle.sql"));

/// Settlements of one call that wait for somebody else's transaction, each for a moment; the others come again later, so that
/// heartbeats do not wait behind all of them.
const MOST_LOCKED: usize = 4;
/// The target of a settlement that only marks its place: the job is finished already.
const MARK_ONLY: i16 = 9;

/// Who settles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settler {
    /// The worker itself.
    Worker,
    /// Somebody else in its name: it has died, or leaves. What is lost was lost with it.
    Another,
}

/// Whose leases are settled.
#[derive(Clone, Copy)]
pub(crate) struct SettleContext<'a> {
    pub(crate) by: Settler,
    pub(crate) worker: WorkerId,
    pub(crate) label: &'a str,
    /// Whether completed jobs are kept, or only counted.
    pub(crate) history: bool,
}

/// Settles each where its lease holds; the answers are in the order of the settlements.
pub(crate) async fn settle(
    connection: &Connection,
    context: SettleContext<'_>,
    settlements: &[Settlement],
    now: Now,
) -> Result<Vec<Settled>, StoreError> {
    let settlements: Vec<_> = settlements.iter().map(Settlement::going_back).collect();
    let confirmed = settled_before::confirm(connection, &settlements).await?;
    let mut items: Vec<Item<'_>> = settlements
        .iter()
        .zip(&confirmed)
        .map(|(one, is_finished)| Item::of(one, *is_finished, context.by))
        .collect();
    let mut answers = vec![Settled::Lost; items.len()];
    // A settlement that comes twice in one call is written once and found settled the second time.
    let mut seen = HashSet::new();
    for sort in [Sort::Plain, Sort::Back, Sort::Waits] {
        let chosen: Vec<usize> = (0..items.len())
            .filter(|at| items[*at].sort() == sort && seen.insert(items[*at].place()))
            .collect();
        if chosen.is_empty() {
            continue;
        }
        let sent = send(connection, context, (&items, &chosen), sort, now).await?;
        let fenced = sent.unwrap_or_default();
        for at in chosen {
            if fenced.contains(&items[at].lease) {
                answers[at] = Settled::Done;
            }
        }
    }
    // A lease that refused as a whole may hold what is left of a settlement whose answer was lost.
    let refused: Vec<usize> =
        (0..answers.len()).filter(|at| answers[*at] != Settled::Done).collect();
    let mut locked = 0;
    for at in refused {
        let waits = items[at].sort() == Sort::Waits;
        if waits && locked >= MOST_LOCKED {
            answers[at] = Settled::Busy;
            continue;
        }
        answers[at] =
            one_by_one(connection, context, &mut items[at], &settlements[at], now).await?;
        locked += usize::from(waits && answers[at] == Settled::Busy);
    }
    Ok(answers)
}

async fn one_by_one(
    connection: &Connection,
    context: SettleContext<'_>,
    item: &mut Item<'_>,
    settlement: &Settlement,
    now: Now,
) -> Result<Settled, StoreError> {
    let sort = item.sort();
    let items = std::slice::from_ref(item);
    match send(connection, context, (items, &[0]), sort, now).await? {
        None => Ok(Settled::Busy),
        Some(fenced) if !fenced.is_empty() => Ok(Settled::Done),
        Some(_) => settled_before::look(connection, context, settlement).await,
    }
}

/// What a settlement needs of its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// The job is simply done: the statement for these does nothing else.
    Plain,
    /// It ends otherwise, or goes back.
    Back,
    /// It waits for a signal from now on: the statement may have to wait for a transaction that tells it.
    Waits,
}

/// One settlement as a row of the statement.
pub(crate) struct Item<'a> {
    pub(crate) settlement: &'a Settlement,
    pub(crate) lease: LeaseId,
    state: i16,
    outcome: Outcome,
    delay: i64,
    pub(crate) output: Option<&'a str>,
    reason: Option<&'a str>,
    entry: Option<serde_json::Value>,
}

impl<'a> Item<'a> {
    fn of(settlement: &'a Settlement, is_finished: bool, by: Settler) -> Self {
        let mut item = Self {
            settlement,
            lease: settlement.lease,
            state: MARK_ONLY,
            outcome: Outcome::Ok,
            delay: 0,
            output: None,
            reason: None,
            entry: None,
        };
        let verdict = match &settlement.verdict {
            Verdict::Confirm { .. } if is_finished => return item,
            Verdict::Confirm { otherwise } => otherwise,
            other => other,
        };
        item.take(verdict, by);
        item
    }

    fn take(&mut self, verdict: &'a Verdict, by: Settler) {
        let back = |later: State, delay: std::time::Duration| {
            if delay.is_zero() { State::Available.code() } else { later.code() }
        };
        match verdict {
            Verdict::Confirm { .. } => {}
            Verdict::Complete { output } => {
                self.state = State::Completed.code();
                self.output = output.as_ref().map(|json| json.as_str());
            }
            Verdict::Retry { outcome, error, delay } => {
                // What is taken back without delay is available at once; a failed attempt waits by its name.
                self.state = match by {
                    Settler::Another => back(State::Retryable, *delay),
                    Settler::Worker => State::Retryable.code(),
                };
                self.delay = micros(*delay);
                self.note(*outcome, said(*outcome, error));
            }
            Verdict::Die { outcome, error, reason } => {
                self.state = State::Dead.code();
                self.reason = Some(reason);
                self.note(*outcome, said(*outcome, error));
            }
            Verdict::Cancel { outcome, reason } => {
                self.state = State::Cancelled.code();
                self.reason = Some(reason);
                self.note(*outcome, None);
            }
            Verdict::Snooze { delay } => {
                self.state = State::Scheduled.code();
                self.delay = micros(*delay);
                self.note(Outcome::Snoozed, None);
            }
            Verdict::Wait { .. } => {
                self.state = State::AWAITS;
                self.note(Outcome::Snoozed, None);
            }
            Verdict::Release { delay } => {
                self.state = back(State::Scheduled, *delay);
                self.delay = micros(*delay);
                // The statement leaves the entry out where the job never started.
                self.note(Outcome::Released, None);
            }
        }
    }

    /// The attempt as an entry of the job's history; the database adds the times.
    fn note(&mut self, outcome: Outcome, error: Option<&String>) {
        self.outcome = outcome;
        let mut entry = json!({ "attempt": self.settlement.job.attempt, "outcome": outcome });
        if let Some(error) = error {
            entry["error"] = json!(error);
        }
        self.entry = Some(entry);
    }

    fn place(&self) -> (LeaseId, i16) {
        (self.lease, self.settlement.job.position)
    }

    /// Whether the job may have passed gates.
    pub(crate) fn stood_in_line(&self) -> bool {
        self.settlement.job.meta.line.is_some()
    }

    fn sort(&self) -> Sort {
        match self.state {
            State::AWAITS => Sort::Waits,
            state if state == State::Completed.code() => Sort::Plain,
            _ => Sort::Back,
        }
    }
}

/// A lost attempt has no error: nobody was there to have one.
fn said(outcome: Outcome, error: &String) -> Option<&String> {
    (outcome != Outcome::Lost || !error.is_empty()).then_some(error)
}

/// Places settled per lease, as the bits of a mask.
#[derive(Default)]
pub(crate) struct Marks {
    leases: Vec<Uuid>,
    masks: Vec<String>,
    numbers: Vec<i16>,
}

impl Marks {
    pub(crate) fn of(items: &[&Item<'_>]) -> Self {
        let mut by_lease: HashMap<LeaseId, (Vec<u8>, i16)> = HashMap::new();
        for item in items {
            let job = &item.settlement.job;
            let (bits, number) = by_lease
                .entry(item.lease)
                .or_insert_with(|| (vec![b'0'; usize::from(job.batch.unsigned_abs())], 0));
            let at = usize::from(job.position.unsigned_abs()).wrapping_sub(1);
            if let Some(bit) = bits.get_mut(at) {
                *number += i16::from(*bit == b'0');
                *bit = b'1';
            }
        }
        let mut marks = Self::default();
        for (lease, (bits, number)) in by_lease {
            marks.leases.push(lease.as_uuid());
            marks.masks.push(bits.into_iter().map(char::from).collect());
            marks.numbers.push(number);
        }
        marks
    }

    pub(crate) fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        binds.push((&self.leases, Type::UUID_ARRAY));
        binds.push((&self.masks, Type::TEXT_ARRAY));
        binds.push((&self.numbers, Type::INT2_ARRAY));
    }
}

/// Sends the chosen items as one statement; the leases that held, or `None` where another transaction has a signal that one of
/// them waits for.
async fn send(
    connection: &Connection,
    context: SettleContext<'_>,
    (items, chosen): (&[Item<'_>], &[usize]),
    sort: Sort,
    now: Now,
) -> Result<Option<Vec<LeaseId>>, StoreError> {
    let items: Vec<&Item<'_>> = chosen.iter().map(|at| &items[*at]).collect();
    if sort == Sort::Plain {
        return complete(connection, context, &items, now).await.map(Some);
    }
    let marks = Marks::of(&items);
    let now = now.micros();
    let worker = context.worker.as_uuid();
    let keep = micros(KEEP_FINISHED);
    let most = i32::try_from(HISTORY_ENTRIES).unwrap_or(i32::MAX);
    let columns = Columns::of(&items);
    let outcomes = SettleColumns::of(&items, context.label);
    let mut binds: Vec<Bind<'_>> = vec![(&now, Type::INT8), (&worker, Type::UUID)];
    marks.bind(&mut binds);
    binds.push((&most, Type::INT4));
    columns.bind(&mut binds);
    outcomes.bind(&mut binds);
    binds.push((&keep, Type::INT8));
    binds.push((&context.label, Type::TEXT));
    let counts_losses = context.by == Settler::Another;
    binds.push((&counts_losses, Type::BOOL));
    let lined = items.iter().any(|item| item.stood_in_line());
    binds.push((&lined, Type::BOOL));
    let rows = match sort {
        Sort::Waits => connection.query_unless_locked(SETTLE, &binds).await?,
        Sort::Plain | Sort::Back => Some(connection.query(SETTLE, &binds).await?),
    };
    let leases =
        |rows: Vec<Row>| rows.iter().map(|row| get(row, 0).map(LeaseId::from_uuid)).collect();
    rows.map(leases).transpose()
}

/// What happens to each job, where that is more than "done".
struct SettleColumns<'a> {
    state: Vec<i16>,
    outcome: Vec<i16>,
    delay: Vec<i64>,
    reason: Vec<Option<&'a str>>,
    entry: Vec<Option<String>>,
}

impl<'a> SettleColumns<'a> {
    fn of(items: &[&Item<'a>], label: &str) -> Self {
        let signed = |entry: &Option<serde_json::Value>| {
            let mut entry = entry.clone()?;
            entry["worker"] = json!(label);
            Some(entry.to_string())
        };
        Self {
            state: items.iter().map(|item| item.state).collect(),
            outcome: items.iter().map(|item| item.outcome.code()).collect(),
            delay: items.iter().map(|item| item.delay).collect(),
            reason: items.iter().map(|item| item.reason).collect(),
            entry: items.iter().map(|item| signed(&item.entry)).collect(),
        }
    }

    fn bind<'b>(&'b self, binds: &mut Vec<Bind<'b>>) {
        let columns: [Bind<'b>; 5] = [
            (&self.state, Type::INT2_ARRAY),
            (&self.outcome, Type::INT2_ARRAY),
            (&self.delay, Type::INT8_ARRAY),
            (&self.reason, Type::TEXT_ARRAY),
            (&self.entry, Type::TEXT_ARRAY),
        ];
        binds.extend(columns);
    }
}

//! Gates: what keeps a job in line from a worker, and what a job that passes takes of it.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};
use windlass_core::error::StoreError;
use windlass_core::id::{JobId, LeaseId};
use windlass_core::job::Claimed;
use windlass_core::time::Timestamp;

use crate::limit::list::places;
use crate::row::{Id, all, one, run};

const RULE: &str = "select running, tokens, tokens_per, tokens_burst, broken_after, broken_within, broken_for, reserved \
     from windlass_limit_rule where scope = ?1 and name = ?2";
const RUNNING: &str = "select count(*) from windlass_passed where gate = ?1";
const BUCKET: &str = "select tokens, at from windlass_bucket where gate = ?1";
const SPEND: &str = "insert into windlass_bucket (gate, tokens, at) values (?1, ?2, ?3) \
     on conflict (gate) do update set tokens = excluded.tokens, \
       at = case when at - excluded.at between 0 and 60000000 then at else excluded.at end";
const PASS: &str = "insert into windlass_permit (gate, job, lease, blocks) values (?1, ?2, ?3, ?4) \
     on conflict (gate, job) do update set lease = excluded.lease";
/// A moment this far ahead, in microseconds, was written by a clock that has been set back since.
const SET_BACK: i64 = 60_000_000;
const SET_BACK_BUCKET: &str = "update windlass_bucket set at = ?2 where gate = ?1 and at > ?2 + ?3";
const GIVE_BACK: &str = "delete from windlass_permit where job = ?1 and lease = ?2";
const GIVE_BACK_BUT_BLOCK: &str =
    "delete from windlass_permit where job = ?1 and lease = ?2 and not blocks";

/// What a limit is set for, as its rule's scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Queue = 0,
    Kind = 1,
    Key = 2,
}

/// A limit that was set.
#[derive(Debug, Clone, Default)]
struct Rule {
    running: Option<i64>,
    /// Of those so many for a kind.
    reserved: BTreeMap<String, u32>,
    /// Tokens, the microseconds in which so many come, and how many there are at most.
    rate: Option<(f64, f64, f64)>,
    /// Failures, the microseconds they come in, and for how many it is closed then.
    breaker: Option<(i64, i64, i64)>,
}

/// What one gate still lets through in a claim.
#[derive(Debug, Default)]
struct Gate {
    room: Option<i64>,
    /// Free places that are kept for a kind, and all that are free, whatever the breaker lets through.
    reserved: BTreeMap<String, i64>,
    places: i64,
    /// Jobs that run, where each job says how many may.
    running: Option<i64>,
    tokens: Option<f64>,
    burst: f64,
    /// Whether a limit that was set says how many run.
    is_set: bool,
    /// Whether a job that passes is noted, since it is counted.
    counts: bool,
    /// Whether the next job that passes is a breaker's probe.
    probes: bool,
    spent: bool,
}

/// The gates that a claim has met, each asked once.
pub(crate) struct Gates<'c> {
    connection: &'c Connection,
    now: i64,
    gates: HashMap<String, Option<Gate>>,
}

impl<'c> Gates<'c> {
    pub(crate) fn new(connection: &'c Connection, now: Timestamp) -> Self {
        Self { connection, now: now.as_micros(), gates: HashMap::new() }
    }

    /// Whether the queue lets anything through.
    pub(crate) fn queue_is_open(&mut self, queue: &str) -> Result<bool, StoreError> {
        self.load(Scope::Queue, queue, format!("q{queue}"))?;
        Ok(self.gates[&format!("q{queue}")].as_ref().is_none_or(|gate| gate.lets(0.0)))
    }

    /// Whether a limit that was set for the kind lets anything through, as far as it was asked.
    pub(crate) fn kind_is_open(&self, kind: &str) -> bool {
        let gate = self.gates.get(&format!("k{kind}"));
        gate.and_then(Option::as_ref).is_none_or(|gate| gate.lets(0.0))
    }

    /// Whether the queue has places that are not kept for other kinds.
    pub(crate) fn queue_has_place(&self, queue: &str, kind: &str) -> bool {
        let gate = self.gates.get(&format!("q{queue}"));
        gate.and_then(Option::as_ref).is_none_or(|gate| gate.has_place(kind))
    }

    /// Asks it.
    pub(crate) fn ask_kind(&mut self, kind: &str) -> Result<bool, StoreError> {
        self.load(Scope::Kind, kind, format!("k{kind}"))?;
        Ok(self.kind_is_open(kind))
    }

    /// The gates in front of a job, those of its lane apart.
    pub(crate) fn of(&mut self, job: &Claimed) -> Result<Vec<String>, StoreError> {
        let mut gates = vec![format!("q{}", job.queue), format!("k{}", job.kind)];
        self.load(Scope::Queue, &job.queue, gates[0].clone())?;
        self.load(Scope::Kind, &job.kind, gates[1].clone())?;
        if let Some(limited) = &job.meta.limited {
            let name = limited.name().unwrap_or(&job.kind);
            let gate = format!("y{name}\u{1f}{}", limited.key());
            self.load_key(name, &gate, limited.most_running())?;
            gates.push(gate);
        }
        gates.retain(|gate| self.gates[gate].is_some());
        Ok(gates)
    }

    /// Whether all of them let the job through.
    pub(crate) fn let_through(&self, gates: &[String], job: &Claimed) -> bool {
        let cost = f64::from(job.meta.cost.unwrap_or(1));
        let has_place = |gate: &Gate| {
            gate.own_room(job).is_none_or(|room| room > 0) && gate.has_place(&job.kind)
        };
        let mut asked = gates.iter().filter_map(|gate| self.gates[gate].as_ref());
        asked.all(|gate| gate.lets(cost) && has_place(gate))
    }

    /// Notes that the job has passed them, under the lease it will run under.
    pub(crate) fn pass(
        &mut self,
        gates: &[String],
        job: &Claimed,
        lease: LeaseId,
    ) -> Result<(), StoreError> {
        const PROBE: &str =
            "update windlass_breaker set probe = ?2, probed_at = ?3 where gate = ?1";
        let cost = f64::from(job.meta.cost.unwrap_or(1));
        for name in gates {
            let Some(Some(gate)) = self.gates.get_mut(name) else { continue };
            gate.room = gate.room.map(|room| room - 1);
            gate.places -= 1;
            gate.tokens = gate.tokens.map(|tokens| tokens - cost);
            gate.spent |= gate.tokens.is_some();
            let has_own = gate.own_room(job).is_some();
            gate.running = gate.running.map(|running| running + i64::from(has_own));
            if gate.counts || has_own {
                note(self.connection, name, (job.id, lease), false)?;
            }
            if let Some(free) = gate.reserved.get_mut(&job.kind) {
                *free = (*free - 1).max(0);
                let reserved = reserved_gate(&job.queue, &job.kind);
                note(self.connection, &reserved, (job.id, lease), false)?;
            }
            if std::mem::take(&mut gate.probes) {
                run(self.connection, PROBE, params![name, Id::from(job.id), self.now])?;
            }
        }
        Ok(())
    }

    /// Writes what is left of the rates.
    pub(crate) fn end(self) -> Result<(), StoreError> {
        for (name, gate) in self.gates {
            if let Some(Gate { tokens: Some(tokens), spent: true, .. }) = gate {
                run(self.connection, SPEND, params![name, tokens, self.now])?;
            }
        }
        Ok(())
    }

    fn load(&mut self, scope: Scope, name: &str, gate: String) -> Result<(), StoreError> {
        if self.gates.contains_key(&gate) {
            return Ok(());
        }
        let rule = rule(self.connection, scope, name)?;
        let mut loaded = rule.as_ref().map(|rule| self.ask(&gate, rule)).transpose()?;
        if let (Some(gate), Some(rule)) = (&mut loaded, rule) {
            gate.reserved = self.free_of(name, rule.reserved)?;
        }
        self.gates.insert(gate, loaded);
        Ok(())
    }

    /// Of the places that a queue's limit reserves those that are free.
    fn free_of(
        &self,
        queue: &str,
        reserved: BTreeMap<String, u32>,
    ) -> Result<BTreeMap<String, i64>, StoreError> {
        let free = |(kind, places): (String, u32)| {
            let gate = reserved_gate(queue, &kind);
            let running: Option<i64> = one(self.connection, RUNNING, [gate])?;
            Ok((kind, (i64::from(places) - running.unwrap_or(0)).max(0)))
        };
        reserved.into_iter().map(free).collect()
    }

    /// A limit by key, of which each job may say another number: it holds for that job, beside all that run.
    fn load_key(&mut self, name: &str, gate: &str, own: Option<u32>) -> Result<(), StoreError> {
        self.load(Scope::Key, name, gate.to_owned())?;
        let Some(loaded) = self.gates.get(gate) else { return Ok(()) };
        let is_set = loaded.as_ref().is_some_and(|gate| gate.is_set || gate.running.is_some());
        if own.is_none() || is_set {
            return Ok(());
        }
        let running = one(self.connection, RUNNING, [gate])?;
        let loaded = self.gates.entry(gate.to_owned()).or_default();
        loaded.get_or_insert_with(Gate::default).running = Some(running.unwrap_or(0));
        Ok(())
    }

    fn ask(&self, name: &str, rule: &Rule) -> Result<Gate, StoreError> {
        let mut gate = Gate {
            burst: rule.rate.map_or(0.0, |(.., burst)| burst),
            counts: rule.breaker.is_some(),
            is_set: rule.running.is_some(),
            ..Gate::default()
        };
        if let Some(most) = rule.running {
            let running: Option<i64> = one(self.connection, RUNNING, [name])?;
            gate.places = (most - running.unwrap_or(0)).max(0);
            gate.room = Some(gate.places);
            gate.counts = true;
        }
        if let Some((tokens, per, burst)) = rule.rate {
            run(self.connection, SET_BACK_BUCKET, params![name, self.now, SET_BACK])?;
            let left = all(self.connection, BUCKET, [name], |row| {
                Ok((row.get::<_, f64>(0)?, row.get::<_, i64>(1)?))
            })?;
            let refilled = left.first().map(|(left, at)| {
                let passed = self.now.saturating_sub(*at).max(0) as f64;
                (left + passed * tokens / per).min(burst)
            });
            gate.tokens = Some(refilled.unwrap_or(burst));
        }
        if let Some(breaker) = rule.breaker {
            self.ask_breaker(name, breaker, &mut gate)?;
        }
        Ok(gate)
    }

    /// Whether the breaker is open, and opens or closes it where it is time.
    fn ask_breaker(
        &self,
        name: &str,
        (after, within, open_for): (i64, i64, i64),
        gate: &mut Gate,
    ) -> Result<(), StoreError> {
        const BREAKER: &str =
            "select opened_at, probe, probed_at from windlass_breaker where gate = ?1";
        const FAILED: &str = "select count(*) from windlass_failure where gate = ?1 and at > ?2";
        const OPEN: &str = "insert into windlass_breaker (gate, opened_at) values (?1, ?2) \
             on conflict (gate) do update set opened_at = excluded.opened_at, probe = null, probed_at = null";
        const CLOSE: &str = "delete from windlass_breaker where gate = ?1";
        const FORGET: &str = "delete from windlass_failure where gate = ?1";
        const RUNS: &str = "select 1 from windlass_passed where gate = ?1 and job = ?2";
        const FAILED_ITSELF: &str =
            "select 1 from windlass_failure where gate = ?1 and job = ?2 and at >= ?3";
        // It was lost, handed back, put off or cancelled.
        const TOLD_NOTHING: &str = "select 1 where exists (select 1 from windlass_pending where id = ?1) \
             or exists (select 1 from windlass_finished where id = ?1 and state = 6)";
        const PROBE_AGAIN: &str =
            "update windlass_breaker set probe = null, probed_at = null where gate = ?1";
        let found = all(self.connection, BREAKER, [name], |row| {
            let probe = row.get::<_, Option<Id>>(1)?;
            Ok((row.get::<_, i64>(0)?, probe, row.get::<_, Option<i64>>(2)?.unwrap_or_default()))
        })?;
        let failed_since = |moment: i64| {
            one::<i64>(self.connection, FAILED, params![name, moment]).map(|n| n.unwrap_or(0))
        };
        let Some((opened_at, probe, probed_at)) = found.into_iter().next() else {
            if failed_since(self.now - within)? >= after {
                run(self.connection, OPEN, params![name, self.now])?;
                gate.room = Some(0);
            }
            return Ok(());
        };
        if opened_at > self.now + SET_BACK {
            run(self.connection, OPEN, params![name, self.now])?;
            gate.room = Some(0);
            return Ok(());
        }
        if self.now < opened_at + open_for {
            gate.room = Some(0);
            return Ok(());
        }
        let Some(probe) = probe else {
            gate.room = Some(gate.room.unwrap_or(1).min(1));
            gate.probes = true;
            return Ok(());
        };
        if one::<i64>(self.connection, RUNS, params![name, probe])?.is_some() {
            gate.room = Some(0);
        } else if one::<i64>(self.connection, FAILED_ITSELF, params![name, probe, probed_at])?
            .is_some()
        {
            run(self.connection, OPEN, params![name, self.now])?;
            gate.room = Some(0);
        } else if one::<i64>(self.connection, TOLD_NOTHING, params![probe])?.is_some() {
            run(self.connection, PROBE_AGAIN, [name])?;
            gate.room = Some(gate.room.unwrap_or(1).min(1));
            gate.probes = true;
        } else {
            run(self.connection, CLOSE, [name])?;
            run(self.connection, FORGET, [name])?;
        }
        Ok(())
    }
}

impl Gate {
    /// How many more may run by what the job says; none where nothing goes by that.
    fn own_room(&self, job: &Claimed) -> Option<i64> {
        let own = job.meta.limited.as_ref()?.most_running()?;
        self.running.map(|running| i64::from(own) - running)
    }

    /// Whether there is a place for a job of this kind: one that is kept for it, or one that is kept for none.
    fn has_place(&self, kind: &str) -> bool {
        self.reserved.is_empty()
            || self.reserved.get(kind).is_some_and(|free| *free > 0)
            || self.places > self.reserved.values().sum()
    }

    fn lets(&self, cost: f64) -> bool {
        // A job that costs more than there ever is passes when all of it is there.
        self.room.is_none_or(|room| room > 0)
            && self
                .tokens
                .is_none_or(|tokens| tokens >= cost.min(self.burst).max(f64::MIN_POSITIVE))
    }
}

/// Where the jobs of a kind for which a queue's limit reserves places are counted.
pub(crate) fn reserved_gate(queue: &str, kind: &str) -> String {
    format!("r{queue}\u{1f}{kind}")
}

/// Notes a permit.
pub(crate) fn note(
    connection: &Connection,
    gate: &str,
    (job, lease): (JobId, LeaseId),
    blocks: bool,
) -> Result<(), StoreError> {
    run(connection, PASS, params![gate, Id::from(job), Id::from(lease), blocks]).map(drop)
}

/// Whether a limit is set for a queue, a kind or a name of keys.
pub(crate) fn has_rules(connection: &Connection) -> Result<bool, StoreError> {
    const ANY: &str = "select 1 from windlass_limit_rule limit 1";
    one::<i64>(connection, ANY, []).map(|any| any.is_some())
}

/// Removes the permits of a job that has ended. They would not count any more in any case.
pub(crate) fn give_back(
    connection: &Connection,
    held: impl rusqlite::Params,
) -> Result<(), StoreError> {
    run(connection, GIVE_BACK, held).map(drop)
}

/// The same for a job that is dead, and may keep its lane.
pub(crate) fn give_back_but_block(
    connection: &Connection,
    held: impl rusqlite::Params,
) -> Result<(), StoreError> {
    run(connection, GIVE_BACK_BUT_BLOCK, held).map(drop)
}

/// Notes a failure where a breaker counts it.
pub(crate) fn failed(connection: &Connection, job: &Claimed, now: i64) -> Result<(), StoreError> {
    const NOTE: &str = "insert into windlass_failure (gate, at, job) select ?3, ?4, ?5 from windlass_limit_rule \
         where scope = ?1 and name = ?2 and broken_after is not null";
    let note = |scope: Scope, name: &str, gate: String| {
        run(connection, NOTE, params![scope as i64, name, gate, now, Id::from(job.id)]).map(drop)
    };
    note(Scope::Queue, &job.queue, format!("q{}", job.queue))?;
    note(Scope::Kind, &job.kind, format!("k{}", job.kind))?;
    if let Some(limited) = &job.meta.limited {
        let name = limited.name().unwrap_or(&job.kind);
        note(Scope::Key, name, format!("y{name}\u{1f}{}", limited.key()))?;
    }
    Ok(())
}

fn rule(connection: &Connection, scope: Scope, name: &str) -> Result<Option<Rule>, StoreError> {
    let found = all(connection, RULE, params![scope as i64, name], |row| {
        let reserved = row.get::<_, Option<String>>(7)?;
        let float = |at| row.get::<_, Option<f64>>(at);
        let (tokens, per, burst) = (float(1)?, float(2)?, float(3)?);
        let (after, within, closed) = (row.get(4)?, row.get(5)?, row.get(6)?);
        let running = row.get(0)?;
        Ok(places(reserved).map(|reserved| Rule {
            running,
            reserved,
            rate: tokens.zip(per).zip(burst).map(|((tokens, per), burst)| (tokens, per, burst)),
            breaker: zip(after, within, closed),
        }))
    })?;
    found.into_iter().next().transpose()
}

fn zip(a: Option<i64>, b: Option<i64>, c: Option<i64>) -> Option<(i64, i64, i64)> {
    Some((a?, b?, c?))
}

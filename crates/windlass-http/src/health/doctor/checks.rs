//! The checks, each a function of what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use windlass::health::Counted;
use windlass::limits::LEADER_TTL;
use windlass::queue::Unserved;
use windlass::{State, Timestamp};

use super::line::{Line, line};
use super::{Check, Findings, NAMED, builds, events, health, is_over, schedules, told};
use crate::words::escape::in_one_line;
use crate::words::time;

/// A difference of clocks that people would be misled by.
const SKEW: Duration = Duration::from_secs(2);
/// The age from which a snapshot holds back more clean-up than it should.
const SNAPSHOT: Duration = Duration::from_secs(60);
/// Kinds named of one queue.
const KINDS: usize = 3;

/// What stands still where nobody leads.
const UNDONE: &str =
    ": no job becomes due, is tried again, expires or is taken back, and no schedule fires";
const NOBODY_LEADS: &str =
    ", so nobody leads: no job becomes due or is tried again, and no schedule fires";

/// Every check, in the order in which they are shown.
pub(super) fn all(found: &Findings) -> Vec<Check> {
    let mut checks =
        vec![database(found), schema(found), durability(found), clock(found), workers(found)];
    checks.extend(leader(found));
    checks.extend([handlers(found), queues(found)]);
    checks.extend(builds::all(found));
    checks.extend(pauses(found));
    checks.extend(full(found));
    checks.extend(schedules::all(found));
    checks.extend(health::of_jobs(found));
    checks.push(dead(found));
    checks.extend(health::of_lines(found));
    checks.extend(events::all(found));
    checks.extend(snapshot(found));
    checks
}

fn database(found: &Findings) -> Check {
    let size =
        found.facts.bytes.map_or_else(String::new, |bytes| format!(", {}", time::bytes(bytes)));
    let took = time::span(found.answered_in);
    Check::ok("database", format!("{}{size}, answered in {took}", found.facts.server))
}

fn schema(found: &Findings) -> Check {
    let (there, known) = (found.facts.schema_version, found.facts.known_version);
    if there == known {
        return Check::ok("schema", format!("version {there}, matches this program"));
    }
    Check::problem("schema", format!("version {there}, this program needs {known}"))
        .fixed_by("windlass migrate")
}

fn durability(found: &Findings) -> Check {
    let how = &found.facts.durability;
    if found.facts.durable {
        return Check::ok(
            "durability",
            format!("{how}: what was acknowledged survives a power cut"),
        );
    }
    let fix = if found.facts.server.starts_with("SQLite") {
        "take ?synchronous=normal out of the store's URL"
    } else {
        "set fsync = on and synchronous_commit = on in postgresql.conf"
    };
    Check::problem("durability", format!("unsafe: {how}; a power cut can lose acknowledged jobs"))
        .fix(fix)
}

fn clock(found: &Findings) -> Check {
    let (here, there) = (found.clock, found.facts.now);
    // The database answered some time within the call, so a difference of that much means nothing.
    let apart = here.since(there).max(there.since(here)).saturating_sub(found.answered_in);
    if apart < SKEW {
        return Check::ok("clock", "this machine and the database agree");
    }
    let which = if here > there { "ahead of" } else { "behind" };
    Check::warning("clock", format!("this machine is {} {which} the database", time::span(apart)))
        .fix("run a time service on both; the database's clock decides when jobs are due")
}

fn workers(found: &Findings) -> Check {
    let over: Vec<&str> = found
        .overview
        .workers
        .iter()
        .filter(|worker| is_over(worker, found.facts.now))
        .map(|worker| worker.label.as_str())
        .collect();
    let alive = found.overview.workers.len() - over.len();
    if !over.is_empty() {
        let leads = if alive == 0 { NOBODY_LEADS } else { "" };
        let detail = format!("{alive} alive; the lease is over of {}{leads}", named(&over));
        let check = Check::warning("workers", detail);
        return if alive == 0 {
            check.fix("start a worker: it takes their jobs back")
        } else {
            check.fix("none needed: the leader takes their jobs back within seconds")
        };
    }
    let quiet = found.overview.workers.iter().filter(|worker| worker.quiet).count();
    match (alive, quiet) {
        (0, _) => Check::warning("workers", format!("none is registered{NOBODY_LEADS}"))
            .fixed_by("windlass work"),
        (_, 0) => Check::ok("workers", format!("{alive} alive")),
        (_, quiet) => Check::warning("workers", format!("{alive} alive, {quiet} of them quiet"))
            .advise(
                line()
                    .run("windlass worker list")
                    .words(", then ")
                    .like("windlass worker resume NAME"),
            ),
    }
}

/// Who does for all what time brings. Where no worker is there, nobody can: that is said with the workers.
fn leader(found: &Findings) -> Option<Check> {
    if let Some(leader) = found.overview.leader() {
        return Some(Check::ok(
            "leader",
            format!("{} does what time brings", in_one_line(&leader.label)),
        ));
    }
    let now = found.facts.now;
    found.overview.workers.iter().find(|worker| !is_over(worker, now))?;
    let until = found.overview.observed.leader.map(|leader| leader.until);
    let detail = match until.filter(|until| now > until.after(LEADER_TTL)) {
        Some(until) => format!("no worker has led for {}{UNDONE}", time::age(now.since(until))),
        None => {
            let detail = format!("no worker leads at the moment{UNDONE}");
            let soon = time::span(LEADER_TTL);
            let fix = format!("none needed: a worker that lives takes over within {soon}");
            return Some(Check::warning("leader", detail).fix(fix));
        }
    };
    let fix = "restart a worker, and see in its log why it does not sweep";
    Some(Check::problem("leader", detail).fix(fix))
}

fn handlers(found: &Findings) -> Check {
    let unknown: Vec<&Unserved> =
        found.unserved.iter().filter(|group| group.queue_served).collect();
    if unknown.is_empty() {
        return Check::ok("handlers", "no job is due whose kind its queue's workers do not know");
    }
    let group = |group: &&Unserved| {
        let age = time::age(found.facts.now.since(group.oldest_due_at));
        let jobs = Counted { jobs: group.jobs, or_more: group.or_more };
        let jobs = told::counted_as(jobs, "job");
        line()
            .kind(&group.kind)
            .words(format!("@{} in queue ", group.version))
            .queue(&group.queue)
            .words(format!(": {jobs}, oldest {age}"))
    };
    let kind = unknown.first().map_or("", |group| group.kind.as_str());
    Check::problem("handlers", "no handler for jobs that are due")
        .listing(unknown.iter().map(group).collect())
        .advise(
            line()
                .words("start a worker that knows the kind and version, or ")
                .run(format!("windlass job cancel 'kind:{kind}'")),
        )
}

/// The jobs of a queue that no worker serves.
struct Left<'a> {
    jobs: Counted,
    oldest: Duration,
    kinds: BTreeSet<&'a str>,
}

fn queues(found: &Findings) -> Check {
    let mut unserved: BTreeMap<&str, Left<'_>> = BTreeMap::new();
    for group in found.unserved.iter().filter(|group| !group.queue_served) {
        let age = found.facts.now.since(group.oldest_due_at);
        let none =
            || Left { jobs: Counted::default(), oldest: Duration::ZERO, kinds: BTreeSet::new() };
        let left = unserved.entry(&group.queue).or_insert_with(none);
        left.jobs = left.jobs.and(Counted { jobs: group.jobs, or_more: group.or_more });
        left.oldest = left.oldest.max(age);
        left.kinds.insert(&group.kind);
    }
    if unserved.is_empty() {
        return Check::ok("queues", "every queue with due jobs has a worker");
    }
    let group = |(queue, left): (&&str, &Left<'_>)| {
        let jobs = told::counted_as(left.jobs, "job");
        let begun = line().queue(queue).words(format!(": {jobs} of "));
        kinds(begun, &left.kinds).words(format!(", oldest {}", time::age(left.oldest)))
    };
    Check::problem("queues", "no worker serves queues with due jobs")
        .listing(unserved.iter().map(group).collect())
        .fix("start a worker that serves them")
}

/// The line with the first of these kinds, and how many more there are.
fn kinds(mut line: Line, kinds: &BTreeSet<&str>) -> Line {
    for (nth, kind) in kinds.iter().take(KINDS).enumerate() {
        line = if nth == 0 { line } else { line.words(", ") };
        line = line.kind(kind);
    }
    match kinds.len().saturating_sub(KINDS) {
        0 => line,
        more => line.words(format!(" and {}", time::count(more as u64, "more kind"))),
    }
}

fn pauses(found: &Findings) -> Option<Check> {
    let told = |what: Line, since, until: Option<_>, note: Option<&str>| {
        let age = time::age(found.facts.now.since(since));
        let left = until.map(|until: Timestamp| time::span(until.since(found.facts.now)));
        let left = left.map_or_else(String::new, |left| format!(", {left} to go"));
        let note = note.map_or_else(String::new, |note| format!(": {note}"));
        what.words(format!(" for {age}{left}{note}"))
    };
    let queues = found.overview.queues.iter().filter_map(|queue| {
        let note = queue.note.as_deref();
        Some(told(line().queue(&queue.name), queue.paused_at?, queue.paused_until, note))
    });
    let kinds = found.overview.paused_kinds.iter().map(|kind| {
        let note = kind.note.as_deref();
        let what = Line::from("kind ").kind(&kind.kind);
        told(what, kind.paused_at, kind.paused_until, note)
    });
    let paused: Vec<Line> = queues.chain(kinds).collect();
    let queue = found.overview.queues.iter().find(|queue| queue.paused_at.is_some());
    let undo = match (queue, found.overview.paused_kinds.first()) {
        (Some(queue), _) => format!("windlass queue resume {}", queue.name),
        (None, Some(kind)) => format!("windlass kind resume {}", kind.kind),
        (None, None) => return None,
    };
    let check = match <[Line; 1]>::try_from(paused) {
        Ok([one]) => Check::warning("pauses", Line::from("paused: ").and(one)),
        Err(many) => Check::warning("pauses", "paused").listing(many),
    };
    Some(check.fixed_by(&undo))
}

fn full(found: &Findings) -> Option<Check> {
    let available = |queue: &str| {
        let states = found.overview.counts.by_queue.get(queue);
        states.and_then(|states| states.get(&State::Available)).copied().unwrap_or(0)
    };
    let full: Vec<&str> = found
        .bounds
        .iter()
        .filter(|bound| available(&bound.queue) >= bound.jobs)
        .map(|bound| bound.queue.as_str())
        .collect();
    let first = full.first()?;
    let mut what = Line::from("full, so that enqueues wait or are refused: ");
    for (nth, queue) in full.iter().take(NAMED).enumerate() {
        what = if nth == 0 { what } else { what.words(", ") };
        what = what.queue(queue);
    }
    if full.len() > NAMED {
        what = what.words(format!(", {} more", full.len() - NAMED));
    }
    let fix = Line::from("start more workers, or ")
        .like(format!("windlass queue bound {first} --jobs N"));
    Some(Check::warning("bounds", what).advise(fix))
}

/// All that is dead, except what is muted: then only what was looked at is known by kind.
fn dead(found: &Findings) -> Check {
    let counts = &found.overview.counts;
    let seen = found.overview.observed.dead.iter().map(|kind| kind.jobs);
    let seen = seen.fold(Counted::default(), Counted::and);
    let number = if found.thresholds.mute.is_empty() {
        let dead = counts.of(State::Dead);
        (dead > 0).then(|| time::count(dead, "dead job"))
    } else {
        (seen.jobs > 0).then(|| told::counted_as(seen, "dead job"))
    };
    let Some(jobs) = number else { return Check::ok("dead", "no dead jobs") };
    Check::warning("dead", format!("{jobs}, kept until a person decides")).advise(
        Line::from("look with ")
            .run("windlass job list state:dead")
            .words(", then ")
            .run("windlass job retry state:dead"),
    )
}

fn snapshot(found: &Findings) -> Option<Check> {
    let (age, whose) = found.facts.oldest_snapshot.as_ref()?;
    Some(if *age < SNAPSHOT {
        Check::ok("snapshots", "no transaction holds back clean-up")
    } else {
        let detail = format!(
            "{whose} holds a snapshot for {}: clean-up waits and claims slow down",
            time::span(*age)
        );
        Check::warning("snapshots", detail)
            .fix("end that transaction, or select pg_terminate_backend(its process)")
    })
}

fn named(labels: &[&str]) -> String {
    let mut named: Vec<String> =
        labels.iter().take(NAMED).map(|label| (*label).to_owned()).collect();
    if labels.len() > NAMED {
        named.push(format!("{} more", labels.len() - NAMED));
    }
    named.join(", ")
}

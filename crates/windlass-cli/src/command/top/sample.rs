//! What a look may have seen, for tests.

use std::collections::BTreeMap;
use std::time::Duration;

use windlass::health::{Lanes, Observed, Overview, Ready, RunningJob};
use windlass::job::{Counts, HandlerKey, Lead, Meta};
use windlass::queue::QueueRecord;
use windlass::store::Facts;
use windlass::worker::{LivesWith, WorkerRecord};
use windlass::{JobId, JobRecord, Json, State, Timestamp, WorkerId};

use super::look::Look;

/// A moment, in seconds from that of a look.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_795_000_000_000_000 + seconds * 1_000_000)
}

/// An id that is always the same.
pub(super) fn id(number: u128) -> JobId {
    let text = format!("job_{:0>26}", format!("1KAHT5V3X5W9GNQ6D4R3Z{number:04}"));
    text.parse().expect("an id")
}

fn worker_id(number: u128) -> WorkerId {
    format!("wkr_01KAHT5V3X5W9GNQ6D4R3Z{number:04}").parse().expect("an id")
}

/// A completed job.
pub(super) fn job(queue: &str) -> JobRecord {
    JobRecord {
        id: JobId::new(),
        kind: "mail.welcome".to_owned(),
        version: 1,
        queue: queue.to_owned(),
        state: State::Completed,
        priority: 0,
        attempt: 1,
        failures: 0,
        losses: 0,
        max_attempts: None,
        created_at: at(-60),
        run_at: at(-60),
        started_at: Some(at(-60)),
        finished_at: Some(at(-59)),
        worker: Some("web-1:4711:3ZCE".to_owned()),
        args: Json::stored("{}"),
        output: None,
        reason: None,
        cancel_requested: false,
        history: Vec::new(),
        root: None,
        parent: None,
        origin: None,
        meta: Meta::default(),
    }
}

/// A completed job that waited for so many milliseconds.
pub(super) fn waited(queue: &str, millis: i64) -> JobRecord {
    let began = at(-60).as_micros() + millis * 1_000;
    JobRecord { started_at: Some(Timestamp::from_micros(began)), ..job(queue) }
}

/// A job that has run for so many seconds.
pub(super) fn running(number: u128, kind: &str, seconds: i64) -> JobRecord {
    JobRecord {
        id: id(number),
        kind: kind.to_owned(),
        state: State::Running,
        run_at: at(-seconds - 1),
        started_at: Some(at(-seconds)),
        finished_at: None,
        ..job(kind.split('.').next().unwrap_or_default())
    }
}

/// A dead job.
pub(super) fn dead(number: u128, reason: &str) -> JobRecord {
    JobRecord {
        id: id(number),
        kind: "img.thumb".to_owned(),
        state: State::Dead,
        attempt: 5,
        max_attempts: Some(5),
        reason: Some(reason.to_owned()),
        ..job("img")
    }
}

fn queue(name: &str, workers: u32, oldest: Option<i64>) -> QueueRecord {
    QueueRecord {
        name: name.to_owned(),
        paused_at: None,
        paused_until: None,
        note: None,
        workers,
        oldest_due_at: oldest.map(|seconds| at(-seconds)),
    }
}

fn worker(number: u128, label: &str, seen: i64) -> WorkerRecord {
    WorkerRecord {
        id: worker_id(number),
        label: label.to_owned(),
        host: "web-1".to_owned(),
        pid: 4711,
        build: "shop 1.8.2".to_owned(),
        started_at: at(-7_200),
        seen_at: at(-seen),
        expires_at: at(30 - seen),
        claimed_at: Some(at(-seen)),
        queues: vec!["mail".to_owned(), "img".to_owned()],
        handlers: vec![HandlerKey::new("mail.welcome", 1), HandlerKey::new("img.thumb", 2)],
        slots: 20,
        running: 3,
        kind_slots: BTreeMap::new(),
        quiet: false,
        stopping: false,
        lives_with: LivesWith::Process,
        held_back: None,
    }
}

/// Numbers of jobs by queue and state.
pub(super) fn counts(of: &[(&str, State, u64)]) -> Counts {
    let mut by_queue: BTreeMap<String, BTreeMap<State, u64>> = BTreeMap::new();
    for (queue, state, jobs) in of {
        by_queue.entry((*queue).to_owned()).or_default().insert(*state, *jobs);
    }
    Counts { by_queue, exact: true, ..Counts::default() }
}

/// A store at rest: nothing is wrong, and nothing runs.
pub(super) fn quiet() -> Look {
    let observed = Observed {
        at: at(0),
        ready: Vec::new(),
        failing: Vec::new(),
        parked: Vec::new(),
        running: Vec::new(),
        dead: Vec::new(),
        lanes: Lanes {
            waiting: Vec::new(),
            or_more: false,
            blocked: Vec::new(),
            blocked_or_more: false,
        },
        stuck: Vec::new(),
        leader: Some(Lead { worker: worker_id(1), until: at(10) }),
    };
    let overview = Overview {
        observed,
        counts: counts(&[("mail", State::Completed, 1_000)]),
        queues: vec![queue("mail", 1, None)],
        paused_kinds: Vec::new(),
        workers: vec![worker(1, "web-1:4711:3ZCE", 2)],
        limits: Vec::new(),
        sources: Vec::new(),
    };
    let facts = Facts {
        server: "SQLite 3.51.3".to_owned(),
        schema_version: 1,
        known_version: 1,
        bytes: Some(41_000_000),
        now: at(0),
        log_bytes: None,
        durability: "synchronous=FULL".to_owned(),
        durable: true,
        oldest_snapshot: None,
        keeps_completed: true,
    };
    Look {
        facts,
        overview,
        running: Vec::new(),
        running_or_more: false,
        started: Vec::new(),
        page: None,
    }
}

/// A store with work and with problems, so many seconds later.
pub(super) fn busy(seconds: i64, completed: u64) -> Look {
    let mut look = quiet();
    look.facts.now = at(seconds);
    let overview = &mut look.overview;
    overview.observed.at = at(seconds);
    overview.counts = counts(&[
        ("mail", State::Available, 12),
        ("mail", State::Running, 2),
        ("mail", State::Completed, completed),
        ("img", State::Available, 1_903),
        ("img", State::Running, 1),
        ("img", State::Completed, completed / 3),
        ("img", State::Dead, 409),
        ("reports", State::Scheduled, 7),
    ]);
    let mut paused = queue("reports", 1, None);
    paused.paused_at = Some(at(-1_800));
    paused.note = Some("DB upgrade, ana".to_owned());
    let of_mail = queue("mail", 2, Some(1 - seconds));
    overview.queues = vec![queue("img", 1, Some(1_452)), of_mail, paused];
    overview.observed.ready = vec![Ready {
        queue: "img".to_owned(),
        kind: "img.thumb".to_owned(),
        limit: None,
        jobs: windlass::health::Counted { jobs: 1_903, or_more: false },
        oldest_due_at: at(-1_452),
    }];
    overview.observed.dead = vec![windlass::health::Dead {
        kind: "img.thumb".to_owned(),
        jobs: windlass::health::Counted { jobs: 409, or_more: false },
        lately: 9,
        last_at: at(-120),
        last: id(7),
    }];
    overview.observed.running = vec![RunningJob {
        job: id(3),
        kind: "img.thumb".to_owned(),
        queue: "img".to_owned(),
        worker: "img-3:812:9QXA".to_owned(),
        since: at(-5_292),
        expected: Some(Duration::from_secs(60)),
    }];
    overview.observed.leader = Some(Lead { worker: worker_id(1), until: at(seconds + 10) });
    overview.workers = vec![
        worker(1, "web-1:4711:3ZCE", 2 - seconds),
        worker(2, "img-3:812:9QXA", 1 - seconds),
        worker(3, "img-4:90:7HTW", 95 - seconds),
    ];
    look.running = vec![
        running(1, "mail.welcome", 4),
        running(2, "mail.digest", 71),
        running(3, "img.thumb", 5_292),
    ];
    look.started = (0..20).map(|number| waited("mail", number * 21)).collect();
    look
}

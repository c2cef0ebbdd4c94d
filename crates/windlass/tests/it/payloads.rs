//! Payloads are data: whatever is in them, handlers that were registered run, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use windlass::prelude::*;
use windlass::store::Now;
use windlass::{Json, NewJob, State};

use crate::test_database::{SOON, TestDatabase, on_both_stores};

const SEED: u64 = 0x0D47_A0DA;
/// Texts that are offered as args, and how many of those that are accepted are run on each store.
const OFFERED: usize = 100_000;
const RUN: usize = 10_000;

on_both_stores! {
    /// X6: random payloads for kinds that are registered and for some that are not: no crash, and no handler
    /// but the two.
    payloads_choose_no_code;
}

/// Takes whatever is JSON.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "payload.any", max_attempts = 1)]
struct Anything(serde_json::Value);

/// Takes little.
#[derive(Debug, Serialize, Deserialize, Job)]
#[job(kind = "payload.strict", max_attempts = 1)]
#[serde(deny_unknown_fields)]
struct Strict {
    number: i32,
}

/// Names that nobody registered, as one would try them.
const STRANGERS: [&str; 8] = [
    "Payload.any",
    "payload.any.",
    "payload",
    "payload.any:payload.strict",
    "os.system",
    "std::process::exit",
    "../../bin/sh",
    "Kernel.eval",
];

#[derive(Debug, Default)]
struct Ran {
    any: AtomicU64,
    strict: AtomicU64,
}

type App = Arc<Ran>;

async fn anything(job: Anything, cx: Context<App>) -> Result<serde_json::Value, JobError> {
    cx.app().any.fetch_add(1, Ordering::Relaxed);
    Ok(job.0)
}

async fn strict(job: Strict, cx: Context<App>) -> Result<i32, JobError> {
    cx.app().strict.fetch_add(1, Ordering::Relaxed);
    Ok(job.number)
}

/// Parts of JSON, of other languages' payloads that are run when they are read, and of statements.
const PARTS: [&str; 28] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\"number\"",
    "{\"number\":1}",
    "null",
    "true",
    "-0",
    "1e999",
    "12345678901",
    "\"$(reboot)\"",
    "\"'; drop table windlass_pending; --\"",
    "{\"json_class\":\"Kernel\"}",
    "{\"__proto__\":{}}",
    "\"!!python/object/apply:os.system\"",
    "{\"$type\":\"System.Diagnostics.Process\"}",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"kind\"",
    "\"payload.strict\"",
    "{\"kind\":\"payload.strict\",\"args\":{\"number\":1}}",
    "\"\u{202e}\"",
    " ",
    "\n",
];

/// A text that may be args: parts in a random order, or JSON with a byte that is another, or random bytes.
fn offered(random: &mut Rng) -> Vec<u8> {
    let part = |random: &mut Rng| PARTS[random.usize(..PARTS.len())];
    match random.u8(..8) {
        0 => (0..random.usize(..40)).map(|_| random.u8(..)).collect(),
        1 => (0..random.usize(..12)).flat_map(|_| part(random).bytes()).collect(),
        2 => {
            let depth = random.usize(..300);
            ["[".repeat(depth), "]".repeat(depth)].concat().into_bytes()
        }
        3 => {
            let mut text = part(random).as_bytes().to_vec();
            let at = random.usize(..text.len());
            text[at] = random.u8(..);
            text
        }
        4 => format!("{{\"number\":{}}}", random.i64(..) >> random.u32(..64)).into_bytes(),
        _ => {
            let items: Vec<&str> = (0..random.usize(..6)).map(|_| part(random)).collect();
            format!("[{}]", items.join(",")).into_bytes()
        }
    }
}

/// Jobs of what is accepted, one in four of a kind that nobody knows, and how many of those there are.
fn jobs() -> (Vec<NewJob>, u64) {
    let mut random = Rng::with_seed(SEED);
    let accepted: Vec<Json> =
        (0..OFFERED).filter_map(|_| Json::args_from_bytes(offered(&mut random)).ok()).collect();
    println!("{} of {OFFERED} texts are accepted as args", accepted.len());
    let mut strange = 0;
    let job = |args: Json| {
        let kind = match random.u8(..4) {
            0 => {
                strange += 1;
                STRANGERS[random.usize(..STRANGERS.len())]
            }
            1 => "payload.strict",
            _ => "payload.any",
        };
        NewJob::new(kind, args)
    };
    (accepted.into_iter().take(RUN).map(job).collect(), strange)
}

async fn payloads_choose_no_code(database: TestDatabase) {
    let store = database.open().await;
    let (jobs, strange) = jobs();
    assert_eq!(jobs.len(), RUN, "enough are accepted");
    store.enqueue(&jobs, Now::Database).await.expect("data is accepted");
    let ran = App::default();
    let worker = Worker::new(Arc::clone(&store), Arc::clone(&ran)).handle_fn(anything);
    let worker = worker.handle_fn(strict).start().await.expect("the worker starts");
    let counts = async || store.counts().await.expect("counted");
    let done = async {
        loop {
            let counts = counts().await;
            let open = counts.of(State::Available) + counts.of(State::Waiting);
            if open == strange && counts.of(State::Running) == 0 {
                return counts;
            }
        }
    };
    let counts = tokio::time::timeout(SOON * 2, done).await.expect("all that can run has run");
    worker.stop().await;
    let (any, strict) = (ran.any.load(Ordering::Relaxed), ran.strict.load(Ordering::Relaxed));
    println!("{any} and {strict} ran, {strange} are of kinds that nobody knows");
    let of = |kind: &'static str| jobs.iter().filter(move |job| job.kind == kind);
    // What is JSON and yet no value: numbers beyond all bounds, halves of signs, 300 brackets in each other.
    let valued = of("payload.any").filter(|job| reads::<Anything>(job)).count() as u64;
    let fitting = of("payload.strict").filter(|job| reads::<Strict>(job)).count() as u64;
    assert_eq!((any, strict), (valued, fitting));
    assert!(valued > 1_000 && fitting > 100 && strange > 100, "{valued}, {fitting}, {strange}");
    assert_eq!(counts.of(State::Completed), any + strict);
    let known = (RUN as u64) - strange;
    assert_eq!(counts.of(State::Dead), known - any - strict, "dead at once: args that do not fit");
}

fn reads<'a, T: Deserialize<'a>>(job: &'a NewJob) -> bool {
    serde_json::from_str::<T>(job.args.as_str()).is_ok()
}

//! What a supervisor says: lines for a person or a log on stderr, JSON lines for a program on stdout.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::{Value, json};
use windlass::Timestamp;
use windlass::process::signal_name;

use super::backoff::{DEATHS, STEADY};
use super::lines::{Lines, To};
use super::pool::{News, Pool, READY_WITHIN, Why};
use crate::output::time::{count, span};

/// Prints what happens.
#[derive(Debug)]
pub(super) struct Report {
    lines: Lines,
    json: bool,
}

impl Report {
    pub(super) fn new(lines: Lines, json: bool) -> Self {
        Self { lines, json }
    }

    /// How many there are, in a few words.
    pub(super) fn state(pool: &Pool) -> String {
        let state = format!("{} of {} workers", pool.actual(), pool.wanted());
        match pool.unhealthy() {
            0 => state,
            places => format!("{state}; unhealthy: {} of them keep dying", places),
        }
    }

    pub(super) fn begun(&self, pool: &Pool) {
        let text = format!(
            "windlass {}: supervisor of {}; SIGHUP replaces them one after the other",
            env!("CARGO_PKG_VERSION"),
            count(pool.wanted() as u64, "worker"),
        );
        self.say(pool, "supervising", json!({}), &text);
    }

    pub(super) fn started(&self, pool: &Pool, (place, pid): (usize, u32), store: Option<&str>) {
        // Each child says more of itself.
        if self.json {
            let body = of_store(json!({ "place": place + 1, "pid": pid }), store);
            self.say(pool, "worker-started", body, "");
        }
    }

    pub(super) fn ready(&self, pool: &Pool, pid: u32) {
        self.say(pool, "worker-ready", json!({ "pid": pid }), &Self::state(pool));
    }

    pub(super) fn ended(&self, pool: &Pool, pid: u32, status: Option<ExitStatus>) {
        if self.json {
            let body = json!({
                "pid": pid, "code": status.and_then(|status| status.code()),
                "signal": status.and_then(|status| status.signal()),
            });
            self.say(pool, "worker-ended", body, "");
        }
    }

    pub(super) fn again(
        &self,
        pool: &Pool,
        (place, store, why): (usize, Option<&str>, &str),
        wait: Duration,
    ) {
        let when = match wait {
            Duration::ZERO => "now".to_owned(),
            wait => format!("in {}", span(wait)),
        };
        let state = Self::state(pool);
        let of = store.map_or_else(String::new, |name| format!(" of store {name}"));
        let text = format!("worker {}{of} {why}; {state}; it is started again {when}", place + 1);
        let body = json!({ "place": place + 1, "why": why, "wait_ms": millis(wait) });
        let body = of_store(body, store);
        self.say(pool, "worker-again", body, &text);
    }

    pub(super) fn silent(&self, pool: &Pool, pid: u32) {
        let text = format!("process {pid} does not say that it is alive any more, and is killed");
        self.say(pool, "worker-silent", json!({ "pid": pid }), &text);
    }

    pub(super) fn news(&self, pool: &Pool, news: &News) {
        match news {
            News::Unhealthy(place) => {
                let place = place + 1;
                let (deaths, within) = (DEATHS, span(STEADY));
                let text = format!(
                    "unhealthy: worker {place} has died {deaths} times within {within}; it is tried more and more seldom, what it \
                     printed says why"
                );
                self.say(pool, "unhealthy", json!({ "place": place }), &text);
            }
            News::Healthy(place) => {
                let text = format!("healthy: worker {} has lived for {}", place + 1, span(STEADY));
                self.say(pool, "healthy", json!({ "place": place + 1 }), &text);
            }
            News::NotReplaced(place, why) => {
                let why = match why {
                    Why::Ended => "ended before it was ready".to_owned(),
                    Why::Late => {
                        format!("was not ready within {}, and is killed", span(READY_WITHIN))
                    }
                };
                let text = format!(
                    "not reloaded: the new worker {} {why}; the old one stays, and so do those that have not been replaced; \
                     send SIGHUP once more when it is repaired",
                    place + 1
                );
                let body = json!({ "place": place + 1, "why": why });
                self.say(pool, "not-reloaded", body, &text);
            }
            News::Reloaded => self.say(pool, "reloaded", json!({}), "reloaded: all are new"),
        }
    }

    pub(super) fn reloading(&self, pool: &Pool) {
        self.say(pool, "reloading", json!({}), "reloading: one worker after the other is replaced");
    }

    /// What the files say now cannot be used.
    pub(super) fn not_reloaded(&self, pool: &Pool, why: &str) {
        let text = format!("not reloaded: {why}; all workers go on as they are");
        self.say(pool, "not-reloaded", json!({ "why": why }), &text);
    }

    pub(super) fn stopping(&self, pool: &Pool) {
        let text = "stopping: waiting for the workers; a second signal ends that at once";
        self.say(pool, "supervisor-stopping", json!({}), text);
    }

    pub(super) fn stopped(&self, pool: &Pool) {
        self.say(pool, "supervisor-stopped", json!({}), "all workers have stopped");
    }

    fn say(&self, pool: &Pool, event: &'static str, body: Value, text: &str) {
        if !self.json {
            return self.lines.say(To::Stderr, text);
        }
        let mut line = json!({
            "schema": "work.v1", "event": event, "at": Timestamp::wall_clock(),
            "wanted": pool.wanted(), "actual": pool.actual(), "unhealthy": pool.unhealthy() > 0,
        });
        if let (Some(line), Value::Object(body)) = (line.as_object_mut(), body) {
            line.extend(body);
        }
        self.lines.say(To::Stdout, &line.to_string());
    }
}

/// With the store, where there are several.
fn of_store(mut body: Value, store: Option<&str>) -> Value {
    if let (Some(body), Some(name)) = (body.as_object_mut(), store) {
        body.insert("store_name".to_owned(), name.into());
    }
    body
}

/// How a child has ended, in a few words.
pub(super) fn end(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("has ended with {code}"),
        (None, Some(signal)) if !signal_name(signal).is_empty() => {
            format!("was ended by {}", signal_name(signal))
        }
        (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

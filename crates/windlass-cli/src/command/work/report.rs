//! What a worker says of its work: lines for a person or a log, JSON lines for a program.

use std::time::Duration;

use serde_json::{Value, json};
use windlass::limits::GRACE;
use windlass::worker::MinimumBuild;
use windlass::{Event, Health, Outcome, Stats, StopReport, Timestamp};

use super::plan::Plan;
use super::screen::Screen;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::time::{count, number, span};
use crate::service::Service;

/// What a service manager shows of a worker that has nothing to tell.
const WORKING: &str = "working";

/// Prints what happens.
#[derive(Debug)]
pub(super) struct Report<'g> {
    globals: &'g Globals,
    screen: Screen,
    service: &'g Service,
    done: u64,
    failed: u64,
}

impl<'g> Report<'g> {
    pub(super) fn new(globals: &'g Globals, screen: Screen, service: &'g Service) -> Self {
        Self { globals, screen, service, done: 0, failed: 0 }
    }

    pub(super) fn started(&self, url: &str, plan: &Plan, label: &str) {
        let kinds: Vec<&str> = plan.handlers.iter().map(|handler| handler.kind.as_str()).collect();
        let url = windlass::without_password(url);
        self.service.ready(WORKING);
        if self.globals.json {
            let queues: serde_json::Map<String, Value> =
                plan.queues.iter().map(|(name, slots)| (name.clone(), json!(slots))).collect();
            return self.json("started", &json!({
                "store": url, "queues": queues, "kinds": kinds, "slots": plan.slots, "worker": label,
            }));
        }
        let dot = format!(" {} ", self.globals.out.glyphs().dot());
        let mut parts = vec![format!("windlass {}", env!("CARGO_PKG_VERSION")), url];
        if !plan.queues.is_empty() {
            let queues: Vec<String> =
                plan.queues.iter().map(|(name, slots)| format!("{name} ({slots})")).collect();
            parts.push(format!("queues {}", queues.join(", ")));
            parts.push(format!("kinds {}", kinds.join(", ")));
            parts.push(count(plan.slots as u64, "slot"));
        }
        parts.push(format!("worker {label}"));
        self.screen.remark(&parts.join(&dot));
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Settled { job, kind, outcome, ran, error } => {
                self.done += u64::from(*outcome == Outcome::Ok);
                self.failed += u64::from(outcome.counts_as_failure());
                if self.globals.json {
                    return self.json(
                        "finished",
                        &json!({
                            "job": job, "kind": kind, "outcome": outcome,
                            "ran_ms": millis(*ran), "error": error,
                        }),
                    );
                }
                let job = job.to_string();
                self.finished(kind, &job, (*outcome, *ran), error.as_deref());
            }
            Event::Started { job, kind, attempt } if self.globals.json => {
                self.json("attempt", &json!({ "job": job, "kind": kind, "attempt": attempt }));
            }
            Event::Refused { job } if self.globals.json => {
                self.json("refused", &json!({ "job": job }))
            }
            Event::Refused { job } => {
                self.screen.remark(&format!(
                    "{job}: its lease was lost; what this attempt did was not written"
                ));
            }
            Event::LostLease if self.globals.json => self.json("lost-lease", &json!({})),
            Event::AskedToStop if self.globals.json => self.json("asked-to-stop", &json!({})),
            Event::Rescued { jobs } if self.globals.json => {
                self.json("rescued", &json!({ "jobs": jobs }))
            }
            // The engine logs what a person must know of the others.
            _ => {}
        }
    }

    fn finished(
        &self,
        kind: &str,
        job: &str,
        (outcome, ran): (Outcome, Duration),
        error: Option<&str>,
    ) {
        let out = &self.globals.out;
        let why = error.and_then(|error| error.lines().next()).unwrap_or_default();
        let (glyph, tone) = match outcome {
            Outcome::Ok => (out.glyphs().good(), Tone::Good),
            outcome if outcome.counts_as_failure() => (out.glyphs().bad(), Tone::Bad),
            _ => (out.glyphs().dot(), Tone::Dim),
        };
        let word = if outcome == Outcome::Ok { "" } else { outcome.word() };
        let line = if out.is_live() {
            let head = format!(
                "{} {kind}  {}  {}",
                out.paint(tone, glyph),
                out.paint(Tone::Dim, job),
                span(ran)
            );
            [head, out.paint(tone, word), why.to_owned()].join("  ").trim_end().to_owned()
        } else {
            let now = Timestamp::wall_clock();
            format!("{now} {outcome} {kind} {job} {} {why}", span(ran)).trim_end().to_owned()
        };
        self.screen.result(&line);
    }

    /// A program is told here; for a person the engine logs both, once each.
    pub(super) fn health(&self, health: &Health) {
        match health {
            Health::Failing { since, error } => {
                self.service.status(&format!("the store fails since {since}: {error}"));
            }
            _ => self.service.status(WORKING),
        }
        if self.globals.json {
            match health {
                Health::Working => self.json("store-answers", &json!({})),
                Health::Failing { since, error } => {
                    self.json("store-fails", &json!({ "since": since, "error": error }))
                }
                _ => {}
            }
        }
    }

    /// So with a build that is below the minimum, and one that is not any more.
    pub(super) fn held_back(&self, minimum: Option<&MinimumBuild>) {
        match minimum {
            Some(minimum) => {
                self.service.status(&format!("held back: {minimum} is the oldest build"))
            }
            None => self.service.status(WORKING),
        }
        if self.globals.json {
            match minimum {
                Some(minimum) => {
                    self.json("held-back", &json!({ "minimum": minimum, "note": minimum.note }))
                }
                None => self.json("not-held-back", &json!({})),
            }
        }
    }

    pub(super) fn quiet(&self) {
        self.service.status("quiet: taking no new work");
        self.say("quiet", "taking no new work; SIGCONT or SIGUSR2 ends that");
    }

    pub(super) fn resumed(&self) {
        self.service.status(WORKING);
        self.say("resumed", "taking work again");
    }

    /// A worker is what its files said when it began.
    pub(super) fn not_reloaded(&self) {
        self.service.reloading();
        self.service.ready(WORKING);
        let text = "SIGHUP changes nothing here: start it again, or run it with --processes, where that replaces the workers";
        self.say("not-reloaded", text);
    }

    pub(super) fn reloading(&self, running: u64) {
        let text = match running {
            0 => "the file has changed: starting again with it".to_owned(),
            running => format!(
                "the file has changed: {} may end, and then it starts again with it",
                count(running, "running job")
            ),
        };
        self.say("reloading", &text);
    }

    pub(super) fn stopping(&self, running: u64) {
        self.service.stopping();
        let text = match running {
            0 => "stopping".to_owned(),
            running => format!(
                "stopping: {} may take up to {}; a second signal ends that at once",
                count(running, "running job"),
                span(GRACE),
            ),
        };
        self.say("stopping", &text);
    }

    pub(super) fn hurrying(&self) {
        self.say("hurrying", "no time left: what runs is told to end and handed back");
    }

    pub(super) fn missed(&self, events: u64) {
        self.say("missed", &format!("{events} events came faster than they could be printed"));
    }

    pub(super) fn progress(&self, stats: &Stats) {
        self.screen.progress(|| {
            let dot = self.globals.out.glyphs().dot();
            format!(
                "{} running {dot} {} done {dot} {} failed",
                number(stats.running()),
                number(self.done),
                number(self.failed),
            )
        });
    }

    pub(super) fn stopped(&self, report: StopReport) {
        self.screen.end();
        if self.globals.json {
            return self.json(
                "stopped",
                &json!({
                    "done": self.done, "failed": self.failed, "released": report.released,
                }),
            );
        }
        let dot = self.globals.out.glyphs().dot();
        self.screen.remark(&format!(
            "stopped {dot} {} done {dot} {} failed {dot} {} handed back",
            number(self.done),
            number(self.failed),
            number(report.released),
        ));
    }

    fn say(&self, event: &'static str, text: &str) {
        if self.globals.json {
            return self.json(event, &json!({}));
        }
        self.screen.remark(text);
    }

    fn json(&self, event: &'static str, body: &Value) {
        let mut line =
            json!({ "schema": "work.v1", "event": event, "at": Timestamp::wall_clock() });
        if let (Some(line), Some(body)) = (line.as_object_mut(), body.as_object()) {
            line.extend(body.clone());
        }
        self.screen.result(&line.to_string());
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

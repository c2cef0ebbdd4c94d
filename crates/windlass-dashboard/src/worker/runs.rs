//! What workers run now, for how long, and how long jobs of these kinds usually take.

use std::collections::HashMap;
use std::time::Duration;

use maud::{Markup, html};
use serde::Deserialize;
use windlass::Timestamp;
use windlass_http::words::time::{number, span};

use super::document::Worker;
use crate::fault::Fault;
use crate::filter::{link, term};
use crate::parts::{icon, since, text};
use crate::view::View;

/// Running jobs that are asked for, of all workers together.
const ASKED: usize = 200;
/// What is usual is that of a day: beyond 24 hours it is read from rows of hours, and not of minutes.
const USUALLY: &str = "25h";
/// How many are shown of each worker.
const SHOWN: usize = 4;
/// A job runs longer than usual that has taken so many times what nineteen of twenty of its kind take.
const TIMES: u32 = 2;

#[derive(Debug, Deserialize)]
struct Jobs {
    items: Vec<Job>,
}

/// What is needed of `job.v1`.
#[derive(Debug, Deserialize)]
struct Job {
    id: String,
    kind: String,
    worker: Option<String>,
    run_at: Timestamp,
    started_at: Option<Timestamp>,
}

/// Running jobs by their worker's label, the oldest first.
pub(super) struct Runs {
    by_worker: HashMap<String, Vec<Job>>,
    usual: HashMap<String, Duration>,
}

/// What is needed of `stats.v1`.
#[derive(Debug, Deserialize)]
struct Stats {
    series: Vec<Series>,
}

#[derive(Debug, Deserialize)]
struct Series {
    name: Option<String>,
    total: Total,
}

#[derive(Debug, Deserialize)]
struct Total {
    run_ms: Quantiles,
}

#[derive(Debug, Deserialize)]
struct Quantiles {
    p95: Option<f64>,
}

impl Runs {
    /// Two requests, however many workers there are.
    pub(super) async fn of(view: &View) -> Result<Self, Fault> {
        let limit = ASKED.to_string();
        let running = [("filter", "state:running"), ("limit", &limit), ("fields", "head")];
        let running = link("/v1/jobs", &running);
        let mut by_worker: HashMap<String, Vec<Job>> = HashMap::new();
        for job in view.ask().get::<Jobs>(&running).await?.items {
            if let Some(worker) = job.worker.clone() {
                by_worker.entry(worker).or_default().push(job);
            }
        }
        for jobs in by_worker.values_mut() {
            // Jobs of one claim have begun together.
            jobs.sort_by(|one, other| (begun(one), &one.id).cmp(&(begun(other), &other.id)));
        }
        let stats = link("/v1/stats", &[("since", USUALLY), ("by", "kind")]);
        let stats = view.ask().get_if_allowed::<Stats>(&stats).await?;
        let series = stats.map(|stats| stats.series).unwrap_or_default();
        let usual =
            series.into_iter().filter_map(|one| Some((one.name?, millis(one.total.run_ms.p95?))));
        Ok(Self { usual: usual.collect(), by_worker })
    }

    /// The oldest that a worker runs, and how to see the others.
    pub(super) fn show(&self, view: &View, worker: &Worker) -> Markup {
        let jobs = self.by_worker.get(&worker.label).map_or(&[][..], Vec::as_slice);
        let shown = &jobs[..jobs.len().min(SHOWN)];
        let more = worker.running.saturating_sub(shown.len() as u64);
        html! {
            @if !shown.is_empty() || more > 0 {
                ul.runs {
                    @for job in shown { li { (self.one(view, job)) } }
                    @if more > 0 {
                        li { a href=(link("jobs", &[("filter", &format!("state:running {}", term("worker", &worker.label)))])) {
                            @if shown.is_empty() { (number(more)) " running" } @else { (number(more)) " more" }
                        } }
                    }
                }
            }
        }
    }

    fn one(&self, view: &View, job: &Job) -> Markup {
        let ran = view.now.since(begun(job));
        let usual = self.usual.get(&job.kind);
        html! {
            a href={ "jobs/" (job.id) } { (text(&job.kind)) }
            " for " (since(begun(job), view.now))
            @if let Some(usual) = usual {
                @if is_long(ran, *usual) { " " span.badge.warning { (icon("warning")) "longer than usual" } }
                " " span.meta { "usual p95 " (span(*usual)) }
            }
        }
    }
}

/// Whether it has run for long, against what is usual of its kind; what has just begun is not.
fn is_long(ran: Duration, usual: Duration) -> bool {
    ran > usual * TIMES && ran >= Duration::from_secs(1)
}

fn begun(job: &Job) -> Timestamp {
    job.started_at.unwrap_or(job.run_at)
}

fn millis(millis: f64) -> Duration {
    Duration::try_from_secs_f64(millis / 1_000.0).unwrap_or_default()
}

#[test]
fn what_runs_twice_as_long_as_most_is_long() {
    let (second, ms) = (Duration::from_secs(1), Duration::from_millis(1));
    assert!(is_long(second * 5, second * 2));
    assert!(!is_long(second * 4, second * 2));
    assert!(!is_long(ms * 900, ms), "a look has its own delay");
}

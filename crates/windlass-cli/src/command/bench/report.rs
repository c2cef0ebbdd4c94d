//! The figures: one document, or a few lines for people.

use std::io::Write;

use serde::Serialize;

use super::usage::Usage;
use super::{Args, Finding};

/// One measurement. What does not apply or cannot be told is null.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    schema: &'static str,
    mode: &'static str,
    store: String,
    /// Jobs, or events, that were measured.
    jobs: u64,
    /// Worker processes of a drain.
    processes: u8,
    /// Of each process.
    slots: usize,
    batch: usize,
    clients: usize,
    ready: u64,
    scheduled: u64,
    finished: u64,
    /// Jobs that waited for a signal meanwhile.
    waiting: u64,
    /// Whether completed jobs were kept.
    history: bool,
    /// Whether each job had a unique key.
    unique: bool,
    /// Whether each job had a tag and two subjects.
    tags: bool,
    /// How many lanes, jobs in a hot lane, tenants and keys of a limit there were.
    lanes: u64,
    hot_lane: u64,
    tenants: u64,
    limit_keys: u64,
    limit: u32,
    /// How many steps each job recorded.
    steps: u32,
    /// Bytes of args of each job, about.
    bytes: usize,
    /// Seconds from the first call or claim to the last job.
    seconds: f64,
    /// Jobs, or events, per second.
    per_s: f64,
    /// Milliseconds; of what, says the mode's help.
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    longest_ms: Option<f64>,
    /// The same of what events are compared with.
    beside_p50_ms: Option<f64>,
    beside_p99_ms: Option<f64>,
    /// Subscriptions there were, and jobs per second that came of events.
    subscriptions: u64,
    jobs_per_s: Option<f64>,
    /// How often jobs ran that waited for others or for signals.
    runs: Option<u64>,
    /// Jobs per second, by those of a plain drain just before, where one was made; events per second, by those of plain inserts.
    ratio: Option<f64>,
    /// With `drain`, the p99 of a claim by that of the plain drain; with events, that of what they are compared with.
    p99_ratio: Option<f64>,
    /// Milliseconds of processor time per 1,000 jobs, in this process and its workers'.
    client_cpu_ms_per_1k: Option<f64>,
    /// The same, in the database's processes, where they are separate and on this machine.
    store_cpu_ms_per_1k: Option<f64>,
    /// With `stores`, that by what it was in one.
    store_cpu_ratio: Option<f64>,
    /// Bytes of write-ahead log per job, over the whole server.
    wal_bytes_per_job: Option<f64>,
    /// The most memory this process and its workers' had resident, added up.
    rss_mb: Option<f64>,
}

impl Report {
    pub(crate) fn new(args: &Args, store: &str, mut finding: Finding, used: Usage) -> Self {
        finding.times_ms.sort_by(f64::total_cmp);
        finding.beside.times_ms.sort_by(f64::total_cmp);
        let beside = &finding.beside;
        let (p99_ms, beside_p99_ms) =
            (percentile(&finding.times_ms, 0.99), percentile(&beside.times_ms, 0.99));
        let jobs = finding.jobs.max(1) as f64;
        let per_1k = |ms: Option<f64>| ms.map(|ms| rounded(ms * 1e3 / jobs));
        Self {
            schema: "bench.v1",
            mode: args.mode.word(),
            store: store.split(['?', ':']).next().unwrap_or_default().to_owned(),
            jobs: finding.jobs,
            processes: args.processes,
            slots: args.slots,
            batch: args.batch,
            clients: args.clients(),
            ready: args.ready,
            scheduled: args.scheduled,
            finished: args.finished,
            waiting: args.waiting,
            history: args.history == super::History::On,
            unique: args.unique,
            tags: args.tags || args.mode == super::Mode::Find,
            lanes: args.lined.lanes,
            hot_lane: args.lined.hot_lane,
            tenants: args.lined.tenants,
            limit_keys: args.lined.limit_keys,
            limit: args.lined.limit,
            steps: args.steps(),
            bytes: args.bytes,
            seconds: rounded(finding.seconds),
            per_s: (jobs / finding.seconds).round(),
            p50_ms: percentile(&finding.times_ms, 0.50),
            p99_ms,
            longest_ms: percentile(&finding.times_ms, 1.0),
            beside_p50_ms: percentile(&beside.times_ms, 0.50),
            beside_p99_ms,
            subscriptions: beside.subscriptions,
            jobs_per_s: beside.written.map(|jobs| (jobs as f64 / finding.seconds).round()),
            runs: finding.runs,
            ratio: beside
                .ratio
                .or(beside.seconds.map(|seconds| seconds / finding.seconds))
                .map(rounded),
            p99_ratio: p99_ms.zip(beside_p99_ms).map(|(p99, beside)| rounded(p99 / beside)),
            client_cpu_ms_per_1k: per_1k(used.client_cpu_ms),
            store_cpu_ms_per_1k: per_1k(used.store_cpu_ms),
            store_cpu_ratio: beside.store_cpu_ratio.map(rounded),
            wal_bytes_per_job: used.log_bytes.map(|bytes| (bytes as f64 / jobs).round()),
            rss_mb: used.rss_mb.map(rounded),
        }
    }

    /// The same, with what it is by a plain drain.
    pub(crate) fn beside(self, plain: Option<Finding>) -> Self {
        let Some(mut plain) = plain else { return self };
        plain.times_ms.sort_by(f64::total_cmp);
        let p99 = percentile(&plain.times_ms, 0.99).filter(|_| self.waiting > 0);
        let p99_ratio = self.p99_ms.zip(p99).map(|(p99, plain)| rounded(p99 / plain));
        let per_s = plain.jobs.max(1) as f64 / plain.seconds;
        Self { ratio: Some(rounded(self.per_s / per_s)), p99_ratio, ..self }
    }

    pub(crate) fn print(&self, json: bool) -> anyhow::Result<()> {
        let out = &mut std::io::stdout();
        if json {
            writeln!(out, "{}", serde_json::to_string(self)?)?;
            return Ok(());
        }
        let number = |value: Option<f64>, unit: &str| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value}{unit}"))
        };
        writeln!(
            out,
            "{:<8} {:>10} /s   p50 {}   p99 {}",
            self.mode,
            self.per_s,
            number(self.p50_ms, " ms"),
            number(self.p99_ms, " ms")
        )?;
        let is_of_stores = self.mode == super::Mode::Stores.word();
        if is_of_stores {
            let (ratio, cpu) = (number(self.ratio, ""), number(self.store_cpu_ratio, ""));
            writeln!(
                out,
                "         {ratio} of one store; a job costs the databases {cpu} of what it costs one"
            )?;
        } else {
            self.print_events(out)?;
        }
        writeln!(
            out,
            "         {} jobs in {} s, {} processes, {} slots, {} clients, batches of {}, history {}, args of {} bytes",
            self.jobs,
            self.seconds,
            self.processes,
            self.slots,
            self.clients,
            self.batch,
            if self.history { "on" } else { "off" },
            self.bytes
        )?;
        let is_of_jobs = self.subscriptions == 0 && self.beside_p99_ms.is_none();
        if is_of_jobs && (self.ratio.is_some() || self.runs.is_some()) {
            let runs = self.runs.map_or_else(|| "-".to_owned(), |runs| runs.to_string());
            let (ratio, p99) = (number(self.ratio, ""), number(self.p99_ratio, ""));
            writeln!(
                out,
                "         {ratio} of a plain drain, claim p99 {p99}; runs of jobs that waited: {runs}"
            )?;
        }
        writeln!(
            out,
            "         per 1,000 jobs: {} here, {} in the store; log {} a job; memory {}",
            number(self.client_cpu_ms_per_1k, " ms"),
            number(self.store_cpu_ms_per_1k, " ms"),
            number(self.wal_bytes_per_job, " B"),
            number(self.rss_mb, " MB")
        )?;
        Ok(())
    }

    /// What is said of events alone.
    fn print_events(&self, out: &mut impl Write) -> std::io::Result<()> {
        if self.subscriptions == 0 && self.beside_p99_ms.is_none() {
            return Ok(());
        }
        let number =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        writeln!(
            out,
            "         {} subscriptions, {} jobs/s, longest {} ms; {} of plain inserts; beside it p50 {} ms, p99 {} ms",
            self.subscriptions,
            number(self.jobs_per_s),
            number(self.longest_ms),
            number(self.ratio),
            number(self.beside_p50_ms),
            number(self.beside_p99_ms),
        )
    }
}

/// The value below which this part of the sorted ones lies.
fn percentile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * part).round() as usize).copied().map(rounded)
}

fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

//! `windlass status`: how things are, in ten lines.

use std::collections::BTreeMap;
use windlass::store::Now;

use serde::Serialize;
use windlass::health::{Observed, Thresholds};
use windlass::job::Counts;
use windlass::limit::LimitRecord;
use windlass::queue::{PausedKind, QueueRecord, Unserved};
use windlass::source::{SourceRecord, SourceState};
use windlass::store::Facts;
use windlass::worker::WorkerRecord;
use windlass::{State, Timestamp};

use crate::command::queue;
use crate::command::worker::is_over;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::document::{self, Document, QueueBody, UnservedBody};
use crate::output::table::Cell;
use crate::output::{Output, time};
use crate::queue_rules::QueueRules;
use crate::store;

/// Queues shown; the rest is counted.
const QUEUES: usize = 5;
/// Groups of unserved jobs shown.
const UNSERVED: usize = 2;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass status
  windlass status --json")]
pub(crate) struct Args {}

/// What is known of a store.
struct Overview {
    store: String,
    facts: Facts,
    counts: Counts,
    queues: Vec<QueueRecord>,
    workers: Vec<WorkerRecord>,
    unserved: Vec<Unserved>,
    paused_kinds: Vec<PausedKind>,
    rules: QueueRules,
    observed: Observed,
    limits: Vec<LimitRecord>,
    sources: Vec<SourceRecord>,
}

/// `status.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    store: &'a str,
    server: &'a str,
    at: Timestamp,
    exact: bool,
    jobs: BTreeMap<State, u64>,
    pruned: u64,
    oldest_due_at: Option<Timestamp>,
    workers: WorkersBody,
    queues: Vec<Document<QueueBody<'a>>>,
    unserved: Vec<UnservedBody<'a>>,
    paused_kinds: &'a [PausedKind],
    lines: LinesBody,
    sources: SourcesBody<'a>,
}

/// How many there are, and those that are not read.
#[derive(Debug, Serialize)]
struct SourcesBody<'a> {
    all: usize,
    stopped: Vec<&'a str>,
    failing: Vec<&'a str>,
    paused: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct LinesBody {
    lanes_waiting: usize,
    lanes_waiting_or_more: bool,
    lanes_blocked: usize,
    lanes_blocked_or_more: bool,
    limits: usize,
    limits_full: usize,
    breakers_open: usize,
}

#[derive(Debug, Serialize)]
struct WorkersBody {
    alive: usize,
    quiet: usize,
    held_back: usize,
    lease_over: usize,
    slots: u64,
    running: u64,
}

pub(crate) async fn run(_args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let store = store::existing(&globals.store).await?;
    let overview = Overview {
        store: windlass::without_password(&globals.store),
        facts: store.facts().await?,
        counts: store.counts().await?,
        queues: store.queues(Now::Database).await?,
        workers: store.workers().await?,
        unserved: store.unserved(Now::Database).await?,
        paused_kinds: store.paused_kinds(Now::Database).await?,
        rules: QueueRules::of(&*store).await?,
        observed: store.observe(&Thresholds::default(), Now::Database).await?,
        limits: store.limits(Now::Database).await?,
        sources: store.sources().await?,
    };
    let out = &globals.out;
    if out.is_json() {
        out.json(&overview.document())?;
    } else {
        out.print(&overview.page(out))?;
    }
    Ok(Exit::Done)
}

impl Overview {
    fn document(&self) -> Document<Body<'_>> {
        let counts = &self.counts;
        Document::new(
            "status.v1",
            Body {
                store: &self.store,
                server: &self.facts.server,
                at: self.facts.now,
                exact: counts.exact,
                jobs: State::ALL.into_iter().map(|state| (state, counts.of(state))).collect(),
                pruned: counts.pruned,
                oldest_due_at: self.oldest().map(|(moment, _)| moment),
                workers: self.workers(),
                queues: self.queues.iter().map(|queue| self.queue_document(queue)).collect(),
                unserved: self.unserved.iter().map(document::unserved).collect(),
                paused_kinds: &self.paused_kinds,
                lines: self.lines(),
                sources: self.sources(),
            },
        )
    }

    fn workers(&self) -> WorkersBody {
        let over = |worker: &&WorkerRecord| is_over(worker, self.facts.now);
        let alive = || self.workers.iter().filter(|worker| !over(worker));
        WorkersBody {
            alive: alive().count(),
            quiet: alive().filter(|worker| worker.quiet).count(),
            held_back: alive().filter(|worker| worker.held_back.is_some()).count(),
            lease_over: self.workers.iter().filter(over).count(),
            slots: alive().map(|worker| u64::from(worker.slots)).sum(),
            running: alive().map(|worker| worker.running).sum(),
        }
    }

    fn lines(&self) -> LinesBody {
        let lanes = &self.observed.lanes;
        LinesBody {
            lanes_waiting: lanes.waiting.len(),
            lanes_waiting_or_more: lanes.or_more,
            lanes_blocked: lanes.blocked.len(),
            lanes_blocked_or_more: lanes.blocked_or_more,
            limits: self.limits.len(),
            limits_full: self.limits.iter().filter(|record| record.is_full()).count(),
            breakers_open: self.limits.iter().filter(|record| record.open_since.is_some()).count(),
        }
    }

    fn sources(&self) -> SourcesBody<'_> {
        let named = |fits: &dyn Fn(&SourceRecord) -> bool| -> Vec<&str> {
            self.sources.iter().filter(|one| fits(one)).map(|one| one.name.as_str()).collect()
        };
        let is = |state| move |one: &SourceRecord| one.state == state;
        SourcesBody {
            all: self.sources.len(),
            stopped: named(&is(SourceState::Stopped)),
            failing: named(&|one| one.state == SourceState::Running && one.error.is_some()),
            paused: named(&is(SourceState::Paused)),
        }
    }

    /// Since when the oldest available job is due, and in which queue.
    fn oldest(&self) -> Option<(Timestamp, &str)> {
        let due = |queue: &'_ QueueRecord| queue.oldest_due_at;
        self.queues.iter().filter_map(|queue| Some((due(queue)?, queue.name.as_str()))).min()
    }

    fn page(&self, out: &Output) -> String {
        let mut page = String::new();
        let store = [&self.store, &self.facts.server].map(Cell::new);
        page.push_str(&out.folded("store", &store));
        page.push_str(&out.folded("jobs", &self.numbers(out)));
        page.push_str(&out.folded("oldest", &[Cell::new(self.oldest_line())]));
        page.push_str(&out.folded("workers", &self.workers_line(out)));
        for (place, group) in self.unserved.iter().take(UNSERVED).enumerate() {
            let name = if place == 0 { "unserved" } else { "" };
            page.push_str(&out.folded(name, &[unserved_cell(group)]));
        }
        if self.unserved.len() > UNSERVED {
            let more = self.unserved.len() - UNSERVED;
            page.push_str(
                &out.folded("", &[Cell::new(format!("and {more} more: windlass doctor"))]),
            );
        }
        let lines = self.lines_cells(out);
        if !lines.is_empty() {
            page.push_str(&out.folded("lines", &lines));
        }
        if !self.sources.is_empty() {
            page.push_str(&out.folded("sources", &self.sources_cells(out)));
        }
        if !self.paused_kinds.is_empty() {
            page.push_str(&out.folded("paused", &self.paused_cells(out)));
        }
        if !self.queues.is_empty() {
            page.push('\n');
            let shown = &self.queues[..self.queues.len().min(QUEUES)];
            page.push_str(&queue::table(out, shown, (&self.counts, &self.rules)).render(out));
        }
        if self.queues.len() > QUEUES {
            let more = self.queues.len() - QUEUES;
            page.push_str(&out.paint(Tone::Dim, &format!("and {more} more: windlass queue list")));
            page.push('\n');
        }
        page
    }

    fn queue_document<'a>(&self, queue: &'a QueueRecord) -> Document<QueueBody<'a>> {
        document::queue(queue, &self.counts, &self.rules)
    }

    fn paused_cells(&self, out: &Output) -> Vec<Cell> {
        let cell = |paused: &PausedKind| {
            let note = paused.note.as_deref();
            let why = queue::since_until_why(out, paused.paused_at, paused.paused_until, note);
            Cell::toned(Tone::Attention, format!("! kind {} since {why}", paused.kind))
        };
        self.paused_kinds.iter().map(cell).collect()
    }

    /// Lanes and limits, where there is something to say of them.
    fn lines_cells(&self, out: &Output) -> Vec<Cell> {
        let lines = self.lines();
        let number = |number: usize, or_more: bool, noun: &str| {
            let more_than = if or_more { "more than " } else { "" };
            format!("{more_than}{}", time::count(number as u64, noun))
        };
        let mut cells = Vec::new();
        if lines.lanes_waiting > 0 {
            let lanes = number(lines.lanes_waiting, lines.lanes_waiting_or_more, "lane");
            cells.push(Cell::new(format!("{lanes} with waiting jobs")));
        }
        if lines.lanes_blocked > 0 {
            let lanes = number(lines.lanes_blocked, lines.lanes_blocked_or_more, "lane");
            let text = format!("{} {lanes} behind a dead job", out.glyphs().bad());
            cells.push(Cell::toned(Tone::Bad, text));
        }
        if lines.limits_full > 0 {
            let text = format!("{} full", number(lines.limits_full, false, "limit"));
            cells.push(Cell::new(text));
        }
        if lines.breakers_open > 0 {
            let text = format!("! {} open", number(lines.breakers_open, false, "breaker"));
            cells.push(Cell::toned(Tone::Attention, text));
        }
        cells
    }

    fn sources_cells(&self, out: &Output) -> Vec<Cell> {
        let SourcesBody { all, stopped, failing, paused } = self.sources();
        let mut cells = vec![Cell::new(all.to_string())];
        let mut add = |names: &[&str], (mark, what, tone): (&str, &str, Tone)| {
            if !names.is_empty() {
                cells.push(Cell::toned(tone, format!("{mark} {what}: {}", names.join(", "))));
            }
        };
        add(&stopped, (out.glyphs().bad(), "stopped", Tone::Bad));
        add(&failing, ("!", "failing", Tone::Attention));
        add(&paused, ("!", "paused", Tone::Attention));
        cells
    }

    fn numbers(&self, out: &Output) -> Vec<Cell> {
        let about = if self.counts.exact { "" } else { "~" };
        let cell = |(state, number): (State, u64)| {
            let (glyph, tone) = out.glyphs().state(state);
            let text = format!("{about}{} {state}", time::number(number));
            match tone {
                Tone::Plain | Tone::Good => Cell::new(text),
                _ => Cell::toned(tone, format!("{glyph} {text}")),
            }
        };
        let numbers = State::ALL.map(|state| (state, self.counts.of(state)));
        let mut cells: Vec<Cell> =
            numbers.into_iter().filter(|(_, number)| *number > 0).map(cell).collect();
        if self.counts.pruned > 0 {
            let pruned = format!("{} ended and removed", time::number(self.counts.pruned));
            cells.push(Cell::toned(Tone::Dim, pruned));
        }
        if cells.is_empty() {
            cells.push(Cell::new("none yet; make one: windlass enqueue hello name=World"));
        }
        cells
    }

    fn oldest_line(&self) -> String {
        match self.oldest() {
            None => "no job waits for a slot".to_owned(),
            Some((due, queue)) => {
                let waits = time::span(self.facts.now.since(due));
                format!("waits for {waits} in queue {queue}")
            }
        }
    }

    fn workers_line(&self, out: &Output) -> Vec<Cell> {
        let workers = self.workers();
        if workers.alive + workers.lease_over == 0 {
            return vec![Cell::new("none")];
        }
        let mut cells = vec![
            Cell::new(format!("{} alive", workers.alive)),
            Cell::new(format!("{} of {} slots busy", workers.running, time::number(workers.slots))),
        ];
        if workers.quiet > 0 {
            cells.push(Cell::toned(Tone::Attention, format!("! {} quiet", workers.quiet)));
        }
        if workers.held_back > 0 {
            let text = format!("! {} below the minimum build", workers.held_back);
            cells.push(Cell::toned(Tone::Attention, text));
        }
        if workers.lease_over > 0 {
            let text = format!("{} {} whose lease is over", out.glyphs().bad(), workers.lease_over);
            cells.push(Cell::toned(Tone::Bad, text));
        }
        cells
    }
}

fn unserved_cell(group: &Unserved) -> Cell {
    let why = if group.queue_served {
        format!("no worker of queue {} knows the kind", group.queue)
    } else {
        format!("no worker serves queue {}", group.queue)
    };
    let jobs = time::count(group.jobs, "job");
    Cell::toned(Tone::Attention, format!("! {jobs} of {}@{}: {why}", group.kind, group.version))
}

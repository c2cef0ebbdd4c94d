//! `windlass status`: how things are, in ten lines.

use windlass::State;
use windlass::queue::{PausedKind, Unserved};
use windlass_http::health::{JobCounts, Overview, SourcesBody, status};

use crate::command::queue;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
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

/// What is known of a store, and where that is.
struct Page {
    store: String,
    rules: QueueRules,
    known: Overview,
}

pub(crate) async fn run(_args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let store = store::existing(&globals.store).await?;
    let known = Overview::of(&*store, JobCounts::Exact).await?;
    let rules = QueueRules { bounds: known.bounds.clone(), agings: known.agings.clone() };
    let page = Page { store: windlass::without_password(&globals.store), rules, known };
    let out = &globals.out;
    if out.is_json() {
        out.json(&status(&page.known, Some(&page.store)))?;
    } else {
        out.print(&page.page(out))?;
    }
    Ok(Exit::Done)
}

impl Page {
    fn page(&self, out: &Output) -> String {
        let mut page = String::new();
        let store = [&self.store, &self.known.facts.server].map(Cell::new);
        page.push_str(&out.folded("store", &store));
        page.push_str(&out.folded("jobs", &self.numbers(out)));
        page.push_str(&out.folded("oldest", &[Cell::new(self.oldest_line())]));
        page.push_str(&out.folded("workers", &self.workers_line(out)));
        for (place, group) in self.known.unserved.iter().take(UNSERVED).enumerate() {
            let name = if place == 0 { "unserved" } else { "" };
            page.push_str(&out.folded(name, &[unserved_cell(group)]));
        }
        if self.known.unserved.len() > UNSERVED {
            let more = self.known.unserved.len() - UNSERVED;
            page.push_str(
                &out.folded("", &[Cell::new(format!("and {more} more: windlass doctor"))]),
            );
        }
        let lines = self.lines_cells(out);
        if !lines.is_empty() {
            page.push_str(&out.folded("lines", &lines));
        }
        if !self.known.sources.is_empty() {
            page.push_str(&out.folded("sources", &self.sources_cells(out)));
        }
        if !self.known.paused_kinds.is_empty() {
            page.push_str(&out.folded("paused", &self.paused_cells(out)));
        }
        if !self.known.queues.is_empty() {
            page.push('\n');
            let shown = &self.known.queues[..self.known.queues.len().min(QUEUES)];
            page.push_str(&queue::table(out, shown, (&self.known.counts, &self.rules)).render(out));
        }
        if self.known.queues.len() > QUEUES {
            let more = self.known.queues.len() - QUEUES;
            page.push_str(&out.paint(Tone::Dim, &format!("and {more} more: windlass queue list")));
            page.push('\n');
        }
        page
    }

    fn paused_cells(&self, out: &Output) -> Vec<Cell> {
        let cell = |paused: &PausedKind| {
            let note = paused.note.as_deref();
            let why = queue::since_until_why(out, paused.paused_at, paused.paused_until, note);
            Cell::toned(Tone::Attention, format!("! kind {} since {why}", paused.kind))
        };
        self.known.paused_kinds.iter().map(cell).collect()
    }

    /// Lanes and limits, where there is something to say of them.
    fn lines_cells(&self, out: &Output) -> Vec<Cell> {
        let lines = self.known.lines();
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
        let SourcesBody { all, stopped, failing, paused } = self.known.source_numbers();
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
        let about = if self.known.counts.exact { "" } else { "~" };
        let cell = |(state, number): (State, u64)| {
            let (glyph, tone) = out.glyphs().state(state);
            let text = format!("{about}{} {state}", time::number(number));
            match tone {
                Tone::Plain | Tone::Good => Cell::new(text),
                _ => Cell::toned(tone, format!("{glyph} {text}")),
            }
        };
        let numbers = State::ALL.map(|state| (state, self.known.counts.of(state)));
        let mut cells: Vec<Cell> =
            numbers.into_iter().filter(|(_, number)| *number > 0).map(cell).collect();
        if self.known.counts.pruned > 0 {
            let pruned = format!("{} ended and removed", time::number(self.known.counts.pruned));
            cells.push(Cell::toned(Tone::Dim, pruned));
        }
        if cells.is_empty() {
            cells.push(Cell::new("none yet; make one: windlass enqueue hello name=World"));
        }
        cells
    }

    fn oldest_line(&self) -> String {
        match self.known.oldest() {
            None => "no job waits for a slot".to_owned(),
            Some((due, queue)) => {
                let waits = time::span(self.known.facts.now.since(due));
                format!("waits for {waits} in queue {queue}")
            }
        }
    }

    fn workers_line(&self, out: &Output) -> Vec<Cell> {
        let workers = self.known.worker_numbers();
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
    let more = if group.or_more { "more than " } else { "" };
    Cell::toned(
        Tone::Attention,
        format!("! {more}{jobs} of {}@{}: {why}", group.kind, group.version),
    )
}

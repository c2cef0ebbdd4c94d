//! The first page: problems, queues, the jobs that run longest, workers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use windlass::Timestamp;
use windlass::worker::WorkerRecord;
use windlass_http::health::CheckStatus;

use super::ink::Ink;
use super::list::List;
use super::share::share;
use super::split;
use crate::command::top::model::{Fit, Model, Pane};
use crate::command::top::picture::{Picture, QueueRow, RunningRow, Trouble};
use crate::command::worker::{is_over, state};
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::time;
use crate::output::trend::trend;

/// Rows of a pane in a picture that has all of them; the rest is counted.
const MOST: usize = 500;

/// Draws the panes with so many blank lines between two.
pub(super) fn paint(
    buffer: &mut Buffer,
    area: Rect,
    (model, picture): (&Model, &Picture),
    (gap, ink): (u16, Ink<'_>),
) -> Fit {
    let out = ink.out.drawn(picture.at);
    let width = usize::from(area.width);
    let lists = Pane::ALL.map(|pane| {
        let selected = (ink.focus && model.focus == pane).then(|| model.cursor(pane).at());
        let list = match pane {
            Pane::Problems => problems(&out, &picture.problems),
            Pane::Queues => queues(&out, picture, width),
            Pane::Running => running(&out, picture),
            Pane::Workers => workers(&out, &picture.workers),
        };
        List { selected, ..list }
    });
    let wants = lists.each_ref().map(|list| list.rows().min(MOST));
    let besides = lists.len() + usize::from(gap) * (lists.len() - 1);
    let rows = share(usize::from(area.height).saturating_sub(besides), &wants);
    let mut fit = Fit::default();
    let mut rest = area;
    for (list, rows) in lists.iter().zip(rows) {
        let (own, below) = split(rest, u16::try_from(rows + 1).unwrap_or(u16::MAX));
        let shown = list.paint(buffer, own, ink);
        if list.selected.is_some() {
            fit.rows = shown;
        }
        rest = split(below, gap).1;
    }
    fit
}

/// The rows that a picture with all of its rows has.
pub(super) fn rows(picture: &Picture, gap: u16) -> u16 {
    let rows = [
        picture.problems.len(),
        picture.queues.len(),
        picture.running.len(),
        picture.workers.len(),
    ];
    let rows: usize = rows.iter().map(|rows| (*rows).clamp(1, MOST) + 1).sum();
    u16::try_from(rows).unwrap_or(u16::MAX) + 3 * gap
}

/// The name of a list, which is that of its first column, with how many rows it has.
fn name(list: &str, rows: usize) -> String {
    if rows == 0 { list.to_owned() } else { format!("{list} {rows}") }
}

fn problems(out: &Output, problems: &[Trouble]) -> List {
    let columns =
        vec![Column::named_whole(&name("PROBLEMS", problems.len())), Column::text("", 20)];
    let mut table = Table::new(columns);
    let mut marks = Vec::new();
    for trouble in problems {
        let mark = match trouble.weight {
            CheckStatus::Problem => (Tone::Bad, out.glyphs().bad()),
            _ => (Tone::Attention, "!"),
        };
        table.push(vec![Cell::toned(mark.0, &trouble.aspect), Cell::new(&trouble.text)]);
        marks.push(Some(mark));
    }
    let empty = (Tone::Good, format!("{} none", out.glyphs().good()));
    List { table, marks, selected: None, empty, note: String::new() }
}

fn queues(out: &Output, picture: &Picture, width: usize) -> List {
    let points = match width {
        0..100 => 10,
        100..140 => 24,
        _ => 48,
    };
    let columns = vec![
        Column::named(&name("QUEUES", picture.queues.len()), 12).reserving(14),
        Column::number("RUNNING").reserving(9),
        Column::number("RATE/s").reserving(6),
        Column::number("AVAILABLE").reserving(9),
        Column::number("OLDEST").reserving(7),
        Column::number("P99 WAIT").reserving(8).expendable(2),
        Column::number("DEAD").reserving(5).expendable(1),
        Column::whole("TREND").reserving(points),
    ];
    let mut table = Table::new(columns);
    let mut marks = Vec::new();
    for queue in &picture.queues {
        let mark = mark_of(out, queue);
        marks.push(mark);
        table.push(queue_cells(out, queue, (mark.map(|(tone, _)| tone), points)));
    }
    let empty = (Tone::Dim, "no queue has a job, a worker or a pause".to_owned());
    List { table, marks, selected: None, empty, note: String::new() }
}

fn queue_cells(out: &Output, queue: &QueueRow, (tone, points): (Option<Tone>, usize)) -> Vec<Cell> {
    let nothing = || Cell::toned(Tone::Dim, out.glyphs().nothing());
    let number = |number: u64, tone: Tone| match number {
        0 => Cell::toned(Tone::Dim, "0"),
        number => Cell::toned(tone, time::number(number)),
    };
    let running = match queue.limit {
        Some(limit) => Cell::new(format!("{}/{}", time::number(queue.running), limit)),
        None => number(queue.running, Tone::Plain),
    };
    let available = match queue.available_or_more {
        true => Cell::new(format!("{}+", time::number(queue.available))),
        false => number(queue.available, Tone::Plain),
    };
    let oldest = queue.record.oldest_due_at.map(|due_at| time::lasted(out.now().since(due_at)));
    let name = Cell::toned(tone.unwrap_or(Tone::Plain), &queue.record.name);
    let over_time = trend(&queue.points, points, out.glyphs());
    vec![
        name,
        running,
        queue.rate.map_or_else(nothing, |rate| Cell::new(speed(rate))),
        available,
        oldest.map_or_else(nothing, Cell::new),
        queue.p99_wait.map_or_else(nothing, |wait| Cell::new(time::span(wait))),
        number(queue.dead, Tone::Bad),
        Cell::toned(Tone::Busy, over_time),
    ]
}

fn mark_of(out: &Output, queue: &QueueRow) -> Option<(Tone, &'static str)> {
    let is_unserved = queue.record.workers == 0 && queue.available > 0;
    if queue.in_trouble {
        Some((Tone::Bad, out.glyphs().bad()))
    } else if queue.record.paused_at.is_some() || is_unserved {
        Some((Tone::Attention, "!"))
    } else {
        None
    }
}

/// Jobs in a second.
pub(super) fn speed(rate: f64) -> String {
    match rate {
        rate if rate < 9.95 => format!("{rate:.1}"),
        rate => time::number(rate.round() as u64),
    }
}

fn running(out: &Output, picture: &Picture) -> List {
    let or_more = if picture.running_or_more { "+" } else { "" };
    let title = name("RUNNING LONGEST", picture.running.len()) + or_more;
    let columns = vec![
        Column::named_whole(&title),
        Column::text("KIND", 10),
        Column::text("QUEUE", 6).expendable(2),
        Column::number("FOR").reserving(7),
        Column::text("WORKER", 8).expendable(1),
    ];
    let mut table = Table::new(columns);
    let mut marks = Vec::new();
    for row in &picture.running {
        marks.push(row.over.then(|| (Tone::Bad, out.glyphs().bad())));
        table.push(running_cells(out, row));
    }
    let empty = (Tone::Dim, "no job runs".to_owned());
    List { table, marks, selected: None, empty, note: String::new() }
}

fn running_cells(out: &Output, row: &RunningRow) -> Vec<Cell> {
    let tone = if row.over { Tone::Bad } else { Tone::Plain };
    vec![
        Cell::new(row.job.to_string()),
        Cell::new(&row.kind),
        Cell::new(&row.queue),
        Cell::toned(tone, time::lasted(out.now().since(row.since))),
        Cell::toned(Tone::Dim, &row.worker),
    ]
}

fn workers(out: &Output, workers: &[WorkerRecord]) -> List {
    let columns = vec![
        Column::named(&name("WORKERS", workers.len()), 12).reserving(14),
        Column::text("STATE", 10),
        Column::number("BUSY").reserving(7),
        Column::number("BEAT").reserving(4),
        Column::text("QUEUES", 8),
        Column::text("BUILD", 6).expendable(1),
    ];
    let mut table = Table::new(columns);
    let mut marks = Vec::new();
    for worker in workers {
        let is_over = is_over(worker, out.now());
        marks.push(is_over.then(|| (Tone::Bad, out.glyphs().bad())));
        table.push(vec![
            Cell::new(&worker.label),
            state(out, worker),
            Cell::new(format!("{}/{}", worker.running, worker.slots)),
            Cell::new(beat(worker, out.now())),
            Cell::new(worker.queues.join(",")),
            Cell::toned(Tone::Dim, &worker.build),
        ]);
    }
    let empty = (Tone::Dim, "no worker is registered; start one: windlass work".to_owned());
    List { table, marks, selected: None, empty, note: String::new() }
}

/// How long ago a worker was heard of.
fn beat(worker: &WorkerRecord, now: Timestamp) -> String {
    time::age(now.since(worker.seen_at))
}

//! One line about the row that is selected: what its columns have no room for.

use windlass::worker::WorkerRecord;

use super::ink::{Ink, Parts, foreign};
use crate::command::queue::pause_text;
use crate::command::top::model::{Model, Page, Pane};
use crate::command::top::picture::{Picture, QueueRow, RunningRow};
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::time;

/// What is said of it.
pub(super) fn of(model: &Model, ink: Ink<'_>) -> Parts {
    let Some(picture) = &model.picture else { return Vec::new() };
    let out = ink.out.drawn(picture.at);
    match model.page() {
        Some(Page::Jobs(page)) => page
            .selected()
            .and_then(|job| crate::command::job::list::error(job))
            .map_or_else(Vec::new, |error| vec![dim("error: "), foreign(Tone::Plain, error)]),
        Some(Page::Job(_)) => Vec::new(),
        None => of_row(model, picture, &out).unwrap_or_default(),
    }
}

fn of_row(model: &Model, picture: &Picture, out: &Output) -> Option<Parts> {
    let at = model.cursor(model.focus).at();
    Some(match model.focus {
        Pane::Problems => {
            let trouble = picture.problems.get(at)?;
            vec![dim("fix: "), foreign(Tone::Plain, &trouble.fix)]
        }
        Pane::Queues => of_queue(picture.queues.get(at)?, out),
        Pane::Running => of_running(picture.running.get(at)?),
        Pane::Workers => of_worker(picture.workers.get(at)?, out),
    })
}

fn of_queue(queue: &QueueRow, out: &Output) -> Parts {
    let name = &queue.record.name;
    if queue.record.paused_at.is_some() {
        let paused = format!("{name} is paused, since {}", pause_text(out, &queue.record));
        return vec![foreign(Tone::Attention, &paused)];
    }
    let workers = u64::from(queue.record.workers);
    let (tone, workers) = match (workers, queue.available) {
        (0, 0) => (Tone::Plain, "no worker serves it".to_owned()),
        (0, _) => (Tone::Attention, "no worker serves it".to_owned()),
        _ => (Tone::Plain, format!("served by {}", time::count(workers, "worker"))),
    };
    vec![dim(&format!("{name}: ")), (tone, workers)]
}

fn of_running(row: &RunningRow) -> Parts {
    let mut parts = vec![dim("on "), foreign(Tone::Plain, &row.worker)];
    parts.extend(
        row.expected
            .map(|expected| (Tone::Plain, format!(", expected to run {}", time::span(expected)))),
    );
    parts
}

fn of_worker(worker: &WorkerRecord, out: &Output) -> Parts {
    let kinds: Vec<&str> = worker.handlers.iter().map(|key| key.as_str()).collect();
    let started = format!(", started {}, knows ", out.moment(worker.started_at));
    vec![
        dim("build "),
        foreign(Tone::Plain, &worker.build),
        dim(&started),
        foreign(Tone::Plain, &kinds.join(", ")),
    ]
}

fn dim(text: &str) -> (Tone, String) {
    (Tone::Dim, text.to_owned())
}

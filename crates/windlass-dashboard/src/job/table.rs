//! Jobs as rows.

use maud::{Markup, html};
use windlass::Timestamp;
use windlass_http::words::time::number;

use super::columns::{Column, Columns, Rows};
use super::document::Job;
use crate::filter::{encoded, link, term};
use crate::parts::{moment, plain, short, text};
use crate::state::badge;
use crate::view::View;

/// Of the subjects and tags of a job so many stand in its row.
const SUBJECTS: usize = 2;
const TAGS: usize = 3;

/// Jobs without buttons, in the usual columns.
pub(crate) fn table(view: &View, jobs: &[Job]) -> Markup {
    rows(view, (jobs, &Columns::default()), None)
}

/// Jobs in these columns, with what marks each.
pub(super) fn rows(
    view: &View,
    (jobs, columns): (&[Job], &Columns),
    pick: Option<fn(&Job) -> Markup>,
) -> Markup {
    let class = match columns.rows {
        Rows::Normal => "rows jobs",
        Rows::Compact => "rows jobs compact",
    };
    let table = html! {
        table class=(class) {
            thead { tr { @if pick.is_some() { th.pick { span.hidden { "Marked" } } } (heads(columns)) } }
            tbody { @for job in jobs { (row(view, (job, columns), pick)) } }
        }
    };
    // All columns together are wider than most windows.
    match *columns == Columns::default() {
        true => table,
        false => html! { div.scroll { (table) } },
    }
}

fn heads(columns: &Columns) -> Markup {
    let about = columns.has_any(&[Column::Subjects, Column::Tags]);
    html! {
        @if columns.has(Column::State) { th { "State" } }
        th { "Kind" }
        @if columns.has(Column::Queue) { th { "Queue" } }
        @if about { th { "About" } }
        @if columns.has(Column::Priority) { th.number { "Priority" } }
        @if columns.has(Column::Attempt) { th.number { "Attempt" } }
        @if columns.has(Column::Worker) { th { "Worker" } }
        @if columns.has(Column::Batch) { th { "Batch" } }
        @for (column, head, _) in MOMENTS { @if columns.has(column) { th.when { (head) } } }
        @if columns.has(Column::When) { th.when { "When" } }
    }
}

const MOMENTS: [(Column, &str, &str); 4] = [
    (Column::Created, "Created", "created"),
    (Column::Due, "Due", "due"),
    (Column::Started, "Started", "started"),
    (Column::Ended, "Ended", "ended"),
];

fn moment_of(job: &Job, column: Column) -> Option<Timestamp> {
    match column {
        Column::Created => Some(job.created_at),
        Column::Due => Some(job.run_at),
        Column::Started => job.started_at,
        _ => job.finished_at,
    }
}

fn row(view: &View, (job, columns): (&Job, &Columns), pick: Option<fn(&Job) -> Markup>) -> Markup {
    let (word, at) = job.moment();
    let queue = link("jobs", &[("filter", &term("queue", &job.queue))]);
    html! {
        tr id={ "row-" (job.id) } {
            @if let Some(pick) = pick { td.pick { (pick(job)) } }
            @if columns.has(Column::State) { td.state { (badge(job.state)) } }
            (main(job, columns))
            @if columns.has(Column::Queue) { td.queue { a href=(queue) { (text(&job.queue)) } } }
            @if columns.has_any(&[Column::Subjects, Column::Tags]) { (about(job, columns)) }
            @if columns.has(Column::Priority) { td.number data-name="priority" { (job.priority) } }
            @if columns.has(Column::Attempt) { td.number data-name="attempt" { (job.attempt) @if let Some(most) = job.max_attempts { span.meta { "/" (most) } } } }
            @if columns.has(Column::Worker) { td.worker { @if let Some(worker) = &job.worker { (text(worker)) } } }
            @if columns.has(Column::Batch) { td.batch { @if let Some(batch) = &job.batch { a href={ "batches/" (encoded(batch)) } { code { (short(batch)) } } } } }
            @for (column, _, name) in MOMENTS {
                @if columns.has(column) { td.when data-name=(name) { @if let Some(at) = moment_of(job, column) { (moment(at, view.now)) } } }
            }
            @if columns.has(Column::When) { td.when { span.meta { (word) " " } (moment(at, view.now)) } }
        }
    }
}

fn main(job: &Job, columns: &Columns) -> Markup {
    let why = job.why().filter(|_| columns.has(Column::Error));
    html! {
        td.main {
            a.name href={ "jobs/" (encoded(&job.id)) } { (text(&job.kind)) }
            @if columns.has(Column::Id) { code.id title=(job.id) { (short(&job.id)) } }
            @if let Some(why) = why { p.why title=(plain(why)) { (text(why)) } }
        }
    }
}

fn about(job: &Job, columns: &Columns) -> Markup {
    let subjects = if columns.has(Column::Subjects) { job.subjects.as_slice() } else { &[] };
    let tags = if columns.has(Column::Tags) { job.tags.as_slice() } else { &[] };
    let more = subjects.len().saturating_sub(SUBJECTS) + tags.len().saturating_sub(TAGS);
    html! {
        td.about {
            @for subject in subjects.iter().take(SUBJECTS) {
                @let subject = subject.text();
                a.tag href={ "subjects/" (encoded(&subject)) } { (text(&subject)) }
            }
            @for tag in tags.iter().take(TAGS) {
                a.tag href=(link("jobs", &[("filter", &term("tag", tag))])) { (text(tag)) }
            }
            @if more > 0 { span.meta { "+" (number(more as u64)) } }
        }
    }
}

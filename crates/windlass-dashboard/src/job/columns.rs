//! Which columns the list of jobs has, and how high its rows are: chosen by a viewer, kept in their browser.

use axum::response::Response;
use maud::{Markup, html};

use crate::act::back;
use crate::extract::Form;
use crate::fault::Fault;
use crate::form;
use crate::kept::keeping;
use crate::parts::icon;
use crate::view::View;

const COOKIE: &str = "windlass-columns";

/// Something of a job that may be shown. Its kind always is: it leads to the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    State,
    Id,
    Error,
    Queue,
    Subjects,
    Tags,
    Priority,
    Attempt,
    Worker,
    Batch,
    Created,
    Due,
    Started,
    Ended,
    When,
}

/// The columns in the order in which they stand, by their words, with what they are called.
const ALL: [(Column, &str, &str); 15] = [
    (Column::State, "state", "State"),
    (Column::Id, "id", "Id"),
    (Column::Error, "error", "Error or reason"),
    (Column::Queue, "queue", "Queue"),
    (Column::Subjects, "subjects", "Subjects"),
    (Column::Tags, "tags", "Tags"),
    (Column::Priority, "priority", "Priority"),
    (Column::Attempt, "attempt", "Attempts"),
    (Column::Worker, "worker", "Worker"),
    (Column::Batch, "batch", "Batch"),
    (Column::Created, "created", "Created"),
    (Column::Due, "due", "Due"),
    (Column::Started, "started", "Started"),
    (Column::Ended, "ended", "Ended"),
    (Column::When, "when", "Last step"),
];
/// Those of somebody who has not chosen.
const USUAL: [Column; 8] = [
    Column::State,
    Column::Id,
    Column::Error,
    Column::Queue,
    Column::Subjects,
    Column::Tags,
    Column::Attempt,
    Column::When,
];

/// How high rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Normal,
    Compact,
}

const ROWS: [(Rows, &str, &str); 2] =
    [(Rows::Normal, "normal", "Normal rows"), (Rows::Compact, "compact", "Compact rows")];

/// What a viewer chose.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Columns {
    shown: Vec<Column>,
    pub(super) rows: Rows,
}

impl Default for Columns {
    fn default() -> Self {
        Self { shown: USUAL.to_vec(), rows: Rows::Normal }
    }
}

pub(super) async fn act(
    view: View,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    view.ask().only_own_pages()?;
    view.who().await?;
    let of = |wanted: &'static str| {
        let of = fields.iter().filter(move |(name, _)| name == wanted);
        of.map(|(_, value)| value.as_str())
    };
    let (kept, told) = match of("act").next() {
        Some("usual") => (String::new(), "The columns are reset."),
        _ => {
            let chosen = Columns::chosen(of("rows").next().unwrap_or("normal"), of("column"))
                .ok_or_else(|| Fault::invalid("the form names a column that there is not"))?;
            (chosen.written(), "The columns are kept in this browser.")
        }
    };
    let to = of("back").next().unwrap_or_default();
    Ok(keeping(back(&view.base, to, told), &view.base, (COOKIE, &kept)))
}

impl Columns {
    /// What the browser keeps; the usual ones where it is not what a form has written.
    pub(super) fn of(view: &View) -> Self {
        view.cookie(COOKIE).and_then(Self::read).unwrap_or_default()
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.shown.contains(&column)
    }

    pub(super) fn has_any(&self, columns: &[Column]) -> bool {
        columns.iter().any(|column| self.has(*column))
    }

    fn read(cookie: &str) -> Option<Self> {
        let mut words = cookie.split('.');
        let columns = Self::chosen(words.next()?, words)?;
        (columns.written() == cookie).then_some(columns)
    }

    /// Those with these words, in their order.
    fn chosen<'a>(rows: &str, words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (rows, ..) = ROWS.into_iter().find(|(_, word, _)| *word == rows)?;
        let column =
            |word| ALL.into_iter().find(|(_, own, _)| *own == word).map(|(column, ..)| column);
        let words = words.map(column).collect::<Option<Vec<_>>>()?;
        let shown =
            ALL.into_iter().map(|(column, ..)| column).filter(|column| words.contains(column));
        Some(Self { shown: shown.collect(), rows })
    }

    fn written(&self) -> String {
        let rows =
            ROWS.into_iter().filter(|(rows, ..)| *rows == self.rows).map(|(_, word, _)| word);
        let shown =
            ALL.into_iter().filter(|(column, ..)| self.has(*column)).map(|(_, word, _)| word);
        rows.chain(shown).collect::<Vec<_>>().join(".")
    }

    /// The form behind its button.
    pub(super) fn form(&self, view: &View) -> Markup {
        html! {
            details.ask.columns-of {
                summary.quiet { (icon("table")) span { "Columns…" } }
                form.fields method="post" action="jobs/columns" {
                    (form::back(view))
                    fieldset {
                        legend { "Shown beside the kind" }
                        @for (column, word, name) in ALL {
                            label { input type="checkbox" name="column" value=(word) checked[self.has(column)]; (name) }
                        }
                    }
                    fieldset {
                        legend { "Rows" }
                        @for (rows, word, name) in ROWS {
                            label { input type="radio" name="rows" value=(word) checked[self.rows == rows]; (name) }
                        }
                    }
                    div.tools {
                        button.primary { "Show these" }
                        button.quiet name="act" value="usual" { "Reset" }
                    }
                    p.note { "Kept in this browser." }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_survive_their_cookie() {
        let usual = Columns::default();
        assert_eq!(usual.written(), "normal.state.id.error.queue.subjects.tags.attempt.when");
        assert_eq!(Columns::read(&usual.written()), Some(usual));
        let few = Columns { shown: vec![Column::Worker, Column::Due], rows: Rows::Compact };
        assert_eq!(Columns::read("compact.worker.due"), Some(few));
        assert_eq!(Columns::read("normal").map(|columns| columns.shown), Some(Vec::new()));
    }

    #[test]
    fn a_cookie_that_no_form_has_written_is_ignored() {
        for cookie in [
            "",
            "state",
            "tall.state",
            "normal.",
            "normal.args",
            "normal.due.worker",
            "normal.state.state",
            "normal.<b>",
        ] {
            assert_eq!(Columns::read(cookie), None, "{cookie}");
        }
    }

    #[test]
    fn what_is_chosen_stands_in_its_order() {
        let columns =
            Columns::chosen("compact", ["due", "id", "due"].into_iter()).expect("they are known");
        assert_eq!(columns.written(), "compact.id.due");
        assert_eq!(Columns::chosen("compact", ["args"].into_iter()), None);
    }
}

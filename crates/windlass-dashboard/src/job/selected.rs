//! What is done with the jobs of a list that somebody chose.

use axum::Form;
use axum::http::Method;
use axum::response::Response;
use maud::{Markup, html};

use super::document::Job;
use crate::act::{back, own_path};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form;
use crate::layout::{Nav, Page};
use crate::parts::{icon, short, text};
use crate::view::View;

/// A page of the list has no more.
const MOST: usize = 50;
/// The form that the boxes of all rows belong to.
const FORM: &str = "chosen";

/// What was done to one of them.
type Answer = (String, Result<(), Fault>);

/// The buttons above the list.
pub(super) fn bar(view: &View) -> Markup {
    html! {
        form.chosen id=(FORM) method="post" action="jobs" {
            (form::back(view))
            // A script shows it, which marks the rows.
            label.all hidden { input type="checkbox" data-all="job"; "All of this page" }
            button.quiet name="act" value="retry" { (icon("loop")) span { "Retry selected" } }
            button.quiet.danger name="act" value="cancel" { (icon("slash")) span { "Cancel selected" } }
        }
    }
}

/// The box of a row.
pub(super) fn pick(job: &Job) -> Markup {
    html! { input type="checkbox" name="job" value=(job.id) form=(FORM) aria-label={ "Mark " (text(&job.kind).into_string()) " " (short(&job.id)) }; }
}

pub(super) async fn act(
    view: View,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Fault> {
    let of = |wanted: &'static str| {
        let of = fields.iter().filter(move |(name, _)| name == wanted);
        of.map(|(_, value)| value.as_str())
    };
    let verb = match of("act").next() {
        Some("retry") => "retry",
        Some("cancel") => "cancel",
        _ => return Err(Fault::invalid("the form does not say what to do")),
    };
    let to = of("back").next().unwrap_or_default();
    let ids: Vec<&str> = of("job").collect();
    if ids.is_empty() {
        return Ok(back(&view.base, to, "No job was marked, so that nothing was done."));
    }
    if ids.len() > MOST {
        return Err(Fault::invalid("at most 50 jobs at once; an operation changes all that match"));
    }
    let mut answers: Vec<Answer> = Vec::with_capacity(ids.len());
    for id in ids {
        let path = format!("/v1/jobs/{}/{verb}", encoded(id));
        let answer = view.ask().act(Method::POST, &path, None).await.map(drop);
        if let Err(fault) = &answer
            && fault.is_of_caller()
        {
            return Err(fault.clone());
        }
        answers.push((id.to_owned(), answer));
    }
    result(&view, (verb, to), &answers).await
}

async fn result(
    view: &View,
    (verb, to): (&str, &str),
    answers: &[Answer],
) -> Result<Response, Fault> {
    let done = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let did = if verb == "retry" { "retried" } else { "cancelled, or asked to stop" };
    let jobs = if answers.len() == 1 { "job" } else { "jobs" };
    let title = format!("{done} of {} {jobs} {did}", answers.len());
    if done == answers.len() {
        return Ok(back(&view.base, to, &format!("{title}.")));
    }
    let refused = answers.iter().filter_map(|(id, answer)| Some((id, answer.as_ref().err()?)));
    let list = own_path(to).unwrap_or("/jobs").trim_start_matches('/');
    let body = html! {
        div.title { div { p.crumb { a href="jobs" { "Jobs" } } h1 { (title) } } }
        p { "These were refused, and are as they were:" }
        table.rows.refused {
            thead { tr { th { "Job" } th { "Why" } } }
            tbody { @for (id, fault) in refused {
                tr { td.main { a.name href={ "jobs/" (encoded(id)) } { code { (text(id)) } } } td { (text(fault.detail())) } }
            } }
        }
        p { a href=(list) { "Back to the list" } }
    };
    Page::new(Nav::Jobs, title, body).show(view).await
}

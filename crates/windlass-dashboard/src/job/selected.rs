//! What is done with the jobs of a list that somebody chose.

use axum::http::Method;
use axum::response::Response;
use maud::{Markup, html};

use super::document::Job;
use crate::act::{back, own_path};
use crate::extract::Form;
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form;
use crate::layout::{Nav, Page};
use crate::parts::{icon, plain, short, text};
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
    html! { input type="checkbox" name="job" value=(job.id) form=(FORM) aria-label={ "Mark " (plain(&job.kind)) " " (short(&job.id)) }; }
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
    let mut stopped = None;
    for id in &ids {
        let path = format!("/v1/jobs/{}/{verb}", encoded(id));
        match view.ask().act(Method::POST, &path, None).await.map(drop) {
            Err(fault) if fault.is_of_caller() => {
                stopped = Some(fault);
                break;
            }
            answer => answers.push(((*id).to_owned(), answer)),
        }
    }
    match stopped {
        Some(fault) if answers.is_empty() => Err(fault),
        stopped => result(&view, (verb, to), Came { all: &ids, answers, stopped }).await,
    }
}

/// What came of it, in the order in which it was tried.
struct Came<'a> {
    all: &'a [&'a str],
    answers: Vec<Answer>,
    /// Why the others were not tried.
    stopped: Option<Fault>,
}

async fn result(
    view: &View,
    (verb, to): (&str, &str),
    Came { all, answers, stopped }: Came<'_>,
) -> Result<Response, Fault> {
    let done = answers.iter().filter(|(_, answer)| answer.is_ok()).count();
    let did = if verb == "retry" { "retried" } else { "cancelled, or asked to stop" };
    let jobs = if all.len() == 1 { "job" } else { "jobs" };
    let title = format!("{done} of {} {jobs} {did}", all.len());
    if done == all.len() {
        return Ok(back(&view.base, to, &format!("{title}.")));
    }
    let refused =
        answers.iter().filter_map(|(id, answer)| Some((id.as_str(), answer.as_ref().err()?)));
    let refused: Vec<_> = refused.collect();
    let done = answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(id, _)| id.as_str());
    let list = own_path(to).unwrap_or("/jobs").trim_start_matches('/');
    let body = html! {
        div.title { div { p.crumb { a href="jobs" { "Jobs" } } h1 { (title) } } }
        (form::alert(stopped.as_ref()))
        @if !refused.is_empty() {
            p { "These were refused, and are as they were:" }
            table.rows.refused {
                thead { tr { th { "Job" } th { "Why" } } }
                tbody { @for (id, fault) in refused { tr { td.main { (linked(id)) } td { (text(fault.detail())) } } } }
            }
        }
        @if stopped.is_some() {
            p { "These were not tried, and are as they were:" }
            ul { @for id in &all[answers.len()..] { li { (linked(id)) } } }
            p { "These were " (did) ":" }
            ul { @for id in done { li { (linked(id)) } } }
        }
        p { a href=(list) { "Back to the list" } }
    };
    Page::new(Nav::Jobs, title, body).show_refused(view, stopped.as_ref()).await
}

fn linked(id: &str) -> Markup {
    html! { a.name href={ "jobs/" (encoded(id)) } { code { (text(id)) } } }
}

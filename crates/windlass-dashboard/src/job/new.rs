//! A new job, written into a form: from nothing, or like another job with what is to be different.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use windlass::JobId;

use super::document::Subject;
use crate::act::back;
use crate::base::Base;
use crate::extract::{Form, Query};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{Field, alert, said};
use crate::layout::{Nav, Page};
use crate::parts::{seen, short};
use crate::settings::values;
use crate::view::View;

const MILLIS: u64 = 1_000;

/// What the form begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// The job that it is to be like.
    like: String,
    kind: String,
    queue: String,
    subject: String,
}

/// The fields as they are written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// The id that the job gets: a form that is sent twice writes one.
    id: String,
    like: String,
    kind: String,
    version: String,
    queue: String,
    args: String,
    delay: String,
    priority: String,
    max_attempts: String,
    tags: String,
    subjects: String,
    /// The other job's marks as JSON: a path may have commas in it.
    redact: String,
}

/// What the form takes of a job.
#[derive(Debug, Deserialize)]
struct Like {
    kind: String,
    version: u16,
    queue: String,
    args: Option<Box<RawValue>>,
    priority: i16,
    max_attempts: Option<u16>,
    tags: Vec<String>,
    subjects: Vec<Subject>,
    #[serde(default)]
    redact: Vec<String>,
    #[serde(default)]
    redacted: bool,
}

/// What the API is asked for. Args are passed on as they were written, with all digits of their numbers.
#[derive(Debug, Serialize)]
struct Body<'a> {
    id: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_attempts: Option<u16>,
    tags: Vec<&'a str>,
    subjects: Vec<About<'a>>,
    redact: Vec<String>,
}

#[derive(Debug, Serialize)]
struct About<'a> {
    r#type: &'a str,
    id: &'a str,
}

/// What came of it.
#[derive(Debug, Deserialize)]
struct Written {
    id: String,
    result: String,
    store: Option<String>,
}

impl Asked {
    fn like(job: &Like, id: &str) -> Self {
        let args = job.args.as_ref().filter(|_| !job.redacted);
        let subjects: Vec<_> = job.subjects.iter().map(Subject::text).collect();
        Self {
            like: id.to_owned(),
            kind: job.kind.clone(),
            version: job.version.to_string(),
            queue: job.queue.clone(),
            args: args.map_or_else(String::new, |args| seen(args.get())),
            priority: job.priority.to_string(),
            max_attempts: job.max_attempts.map(|most| most.to_string()).unwrap_or_default(),
            tags: job.tags.join(", "),
            subjects: subjects.join(", "),
            redact: json!(job.redact).to_string(),
            ..Self::default()
        }
    }

    fn body(&self) -> Result<String, Fault> {
        let args = said(&self.args).map(serde_json::from_str::<&RawValue>).transpose();
        let args =
            args.map_err(|error| Fault::invalid(&format!("Args: expected JSON: {error}")))?;
        let redact = said(&self.redact).map(serde_json::from_str).transpose();
        let redact = redact.map_err(|_| {
            Fault::invalid("what the form was made of cannot be read: open it again")
        })?;
        let redact = redact.unwrap_or_default();
        let delay: Option<u64> = number("Due in seconds", &self.delay)?;
        let body = Body {
            id: &self.id,
            kind: self.kind.trim(),
            version: number("Version", &self.version)?,
            queue: said(&self.queue),
            args,
            delay_ms: delay.map(|seconds| seconds.saturating_mul(MILLIS)),
            priority: number("Priority", &self.priority)?,
            max_attempts: number("Attempts", &self.max_attempts)?,
            tags: values(&self.tags),
            subjects: values(&self.subjects).into_iter().map(subject).collect::<Result<_, _>>()?,
            redact,
        };
        serde_json::to_string(&body).map_err(|_| Fault::invalid("the form cannot be sent"))
    }
}

fn subject(text: &str) -> Result<About<'_>, Fault> {
    let wrong = || Fault::invalid("Subjects: expected TYPE=ID, such as customer=42, order=7");
    let (r#type, id) = text.split_once('=').ok_or_else(wrong)?;
    Ok(About { r#type, id })
}

/// A whole number, where one was written.
fn number<T: std::str::FromStr>(label: &str, text: &str) -> Result<Option<T>, Fault> {
    let wrong = |_| Fault::invalid(&format!("{label}: expected a whole number, found `{text}`"));
    said(text).map(str::parse).transpose().map_err(wrong)
}

pub(super) async fn form(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    if !view.who().await?.may_enqueue() {
        return Err(Fault::forbidden("you may not enqueue jobs here"));
    }
    let (asked, hides) = match said(&wanted.like) {
        Some(id) => {
            let job = view.ask().get::<Like>(&format!("/v1/jobs/{}", encoded(id))).await?;
            (Asked::like(&job, id), job.redacted)
        }
        None => {
            let Wanted { kind, queue, subject, .. } = wanted;
            (Asked { kind, queue, subjects: subject, ..Asked::default() }, false)
        }
    };
    let asked = Asked { id: JobId::new().to_string(), ..asked };
    page(&view, &asked, hides, None).await
}

pub(super) async fn enqueue(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    let done = match asked.body() {
        Ok(body) => view.ask().post::<Written>("/v1/jobs", body).await,
        Err(fault) => Err(fault),
    };
    match done {
        Ok(written) => Ok(told(&view, &written)),
        Err(fault) if fault.is_of_fields() || fault.status() == StatusCode::SERVICE_UNAVAILABLE => {
            page(&view, &asked, false, Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}

/// Leads to the job, in the store that it was written to.
fn told(view: &View, written: &Written) -> Response {
    let Written { id, result, store } = written;
    let told = match result.as_str() {
        "new" => "The job is enqueued.",
        _ => {
            "This form was sent before: this is the job that it wrote then, and nothing else was written."
        }
    };
    let base =
        Base { store: view.base.store.clone().or_else(|| store.clone()), ..view.base.clone() };
    back(&base, &format!("/jobs/{id}"), told)
}

async fn page(
    view: &View,
    asked: &Asked,
    hides: bool,
    fault: Option<&Fault>,
) -> Result<Response, Fault> {
    let title = if asked.like.is_empty() { "New job" } else { "New job like another" };
    let body = html! {
        div.title {
            div {
                p.crumb {
                    a href="jobs" { "Jobs" }
                    @if !asked.like.is_empty() { " / " a href={ "jobs/" (encoded(&asked.like)) } { (short(&asked.like)) } }
                }
                h1 { (title) }
            }
        }
        (alert(fault))
        @if hides { p.note { "Fields of that job's args are hidden, so that the args below begin empty." } }
        (fields(asked))
    };
    Page::new(Nav::Jobs, title, body).show_refused(view, fault).await
}

fn fields(asked: &Asked) -> Markup {
    let field =
        |name, label, value, hint| Field { name, label, value, hint, of: "job", most: Some(4096) };
    html! {
        form.fields method="post" action="jobs/new" {
            @for (name, value) in [("id", &asked.id), ("like", &asked.like), ("redact", &asked.redact)] {
                @if !value.is_empty() { input type="hidden" name=(name) value=(value); }
            }
            (field("kind", "Kind", &asked.kind, "mail.welcome").required())
            label for="job-args" { "Args, as JSON" }
            textarea id="job-args" name="args" rows="8" spellcheck="false" placeholder="{}" { "\n" (asked.args) }
            (field("queue", "Queue", &asked.queue, "default").show())
            (field("delay", "Due in seconds", &asked.delay, "now").show())
            (field("priority", "Priority, the smaller the sooner", &asked.priority, "0").show())
            (field("max_attempts", "Attempts at most", &asked.max_attempts, "the handler's").show())
            (field("version", "Version of the args", &asked.version, "1").show())
            (field("tags", "Tags, with commas between", &asked.tags, "tenant:acme, import").show())
            (field("subjects", "Subjects, with commas between", &asked.subjects, "customer=42, order=7").show())
            button.primary { "Enqueue" }
            @if !asked.like.is_empty() { p.meta { "It is a job of its own: the other one stays as it is. Lane, limits, unique key and conditions are not taken over." } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(args: &str, subjects: &str) -> Asked {
        let text = str::to_owned;
        Asked {
            id: text("job_1"),
            kind: text(" work "),
            args: text(args),
            subjects: text(subjects),
            ..Asked::default()
        }
    }

    #[test]
    fn args_are_passed_on_as_they_were_written() {
        let body = asked("{\"n\": 12345678901234567890123, \"x\": 1.10}", "customer=4=2").body();
        assert_eq!(
            body.expect("read"),
            "{\"id\":\"job_1\",\"kind\":\"work\",\"args\":{\"n\": 12345678901234567890123, \"x\": 1.10},\"tags\":[],\"subjects\":[{\"type\":\"customer\",\"id\":\"4=2\"}],\"redact\":[]}"
        );
    }

    #[test]
    fn what_is_wrong_says_where() {
        let detail = |asked: Asked| asked.body().expect_err("refused").detail().to_owned();
        assert!(detail(asked("{a", "")).starts_with("Args: expected JSON"));
        assert!(detail(asked("", "42")).starts_with("Subjects: expected TYPE=ID"));
        let wrong = Asked { delay: "soon".to_owned(), ..asked("", "") };
        assert_eq!(detail(wrong), "Due in seconds: expected a whole number, found `soon`");
    }
}

//! Feeding a part of the log once more: what it would feed, beginning, and undoing it.

use axum::http::Method;
use axum::response::Response;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use windlass_http::words::time::{count, number};

use crate::act::back;
use crate::event::{Summary, samples};
use crate::extract::{Form, Path, Query};
use crate::fault::Fault;
use crate::filter::{encoded, link};
use crate::form::alert;
use crate::job::Job;
use crate::layout::{Nav, Page};
use crate::parts::{Named, icon, short, text};
use crate::state::badge;
use crate::view::View;

/// What is asked for. Empty fields are left out.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Wanted {
    from: String,
    to: String,
    kind: String,
    pace: String,
    credit: String,
    types: String,
    sql: String,
    /// How many events the preview found, where one was seen.
    expect: String,
}

/// What would be fed, and what is: `replay.v1`.
#[derive(Debug, Deserialize)]
struct Replay {
    after: u64,
    to: u64,
    events: u64,
    #[serde(default)]
    samples: Vec<Summary>,
}

impl Wanted {
    /// The request for it. A number that cannot be read goes as it is, and the API says so.
    fn body(&self, is_tried: bool) -> Value {
        let mut body = json!({ "dry_run": is_tried });
        let texts = [
            ("from", &self.from),
            ("to", &self.to),
            ("kind", &self.kind),
            ("pace", &self.pace),
            ("sql", &self.sql),
        ];
        for (name, value) in texts.into_iter().filter(|(_, value)| !value.trim().is_empty()) {
            body[name] = json!(value.trim());
        }
        for (name, value) in [("credit", &self.credit), ("expect", &self.expect)] {
            let value = value.trim();
            let is_meant = !is_tried || name != "expect";
            if !value.is_empty() && is_meant {
                body[name] =
                    value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
            }
        }
        let types: Vec<_> = self.types.split([',', ' ']).filter(|one| !one.is_empty()).collect();
        if !types.is_empty() {
            body["types"] = json!(types);
        }
        body
    }
}

/// A replay is looked for by its tag, whether there is such a subscription or not.
async fn is_there(view: &View, name: &str) -> Result<(), Fault> {
    let path = format!("/v1/subscriptions/{}", encoded(name));
    view.ask().get::<Value>(&path).await.map(|_| ())
}

fn path(name: &str) -> String {
    format!("/v1/subscriptions/{}/replay", encoded(name))
}

/// The form, and what it would feed. Nothing is written.
pub(super) async fn preview(
    view: View,
    Path(Named { name }): Path<Named>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Fault> {
    is_there(&view, &name).await?;
    let tried = match wanted.from.trim() {
        "" => None,
        _ => Some(tried(&view, &name, &wanted).await?),
    };
    page(&view, (&name, &wanted), tried.as_ref(), None).await
}

/// What it would feed, or what is wrong with what was asked for.
async fn tried(view: &View, name: &str, wanted: &Wanted) -> Result<Result<Replay, Fault>, Fault> {
    match view.ask().tried::<Replay>(&path(name), wanted.body(true)).await {
        Err(fault) if !is_of_what_was_asked(&fault) => Err(fault),
        found => Ok(found),
    }
}

fn is_of_what_was_asked(fault: &Fault) -> bool {
    fault.is_of_fields() || fault.code() == "conflict"
}

async fn page(
    view: &View,
    (name, wanted): (&str, &Wanted),
    tried: Option<&Result<Replay, Fault>>,
    refused: Option<&Fault>,
) -> Result<Response, Fault> {
    let body = html! {
        div.title {
            div { p.crumb { a href={ "subscriptions/" (encoded(name)) } { (text(name)) } } h1 { "Replay" } }
        }
        p.lead { "Events of the log are fed to " (text(name)) " once more, as they are there, and become new jobs that are tagged " code { "replay" } ". First it is shown what that would be; nothing is written." }
        (alert(refused))
        (form(name, wanted))
        @match tried {
            Some(Ok(found)) => (offered(view, name, wanted, found)),
            Some(Err(fault)) if refused.is_none() => (alert(Some(fault))),
            _ => {},
        }
    };
    let page = Page::new(Nav::Subscriptions, format!("Replay {name}"), body);
    page.show_refused(view, refused).await
}

fn form(name: &str, wanted: &Wanted) -> Markup {
    let field = |id: &str, label: &str, value: &str, hint: &str| {
        html! { label { span { (label) } input name=(id) value=(value) placeholder=(hint) maxlength="4096" autocomplete="off" spellcheck="false"; } }
    };
    html! {
        form.tries method="get" action={ "subscriptions/" (encoded(name)) "/replay" } {
            label { span { "From" } input name="from" value=(wanted.from) placeholder="beginning, 1200 or 2026-11-26T08:00:00Z" required maxlength="64" autocomplete="off"; }
            (field("to", "Up to", &wanted.to, "now"))
            (field("types", "Only these types", &wanted.types, "those of its filter"))
            (field("sql", "Only those for which", &wanted.sql, "data.total >= 1000"))
            (field("kind", "For jobs of this kind instead", &wanted.kind, "its own"))
            (field("pace", "At most", &wanted.pace, "100/s"))
            (field("credit", "Unfinished at most", &wanted.credit, "its own credit"))
            div.tools { button.primary { (icon("search")) span { "Show what it would feed" } } }
        }
    }
}

fn offered(view: &View, name: &str, wanted: &Wanted, found: &Replay) -> Markup {
    let fields = [
        ("from", &wanted.from),
        ("to", &wanted.to),
        ("kind", &wanted.kind),
        ("pace", &wanted.pace),
        ("credit", &wanted.credit),
        ("types", &wanted.types),
        ("sql", &wanted.sql),
    ];
    html! {
        section {
            h2 { "It would feed " (count(found.events, "event")) }
            p.meta { "Behind position " (number(found.after)) ", up to " (number(found.to)) "." }
            @if found.events > 0 {
                form method="post" action={ "subscriptions/" (encoded(name)) "/replay" } {
                    @for (field, value) in fields { input type="hidden" name=(field) value=(value); }
                    input type="hidden" name="expect" value=(found.events);
                    button { (icon("loop")) span { "Replay " (count(found.events, "event")) " to " (name) } }
                }
                p.note { "It begins only if it is still exactly so many. It can be undone: jobs that have not begun by then are cancelled." }
                h3 { "The last of them" }
                (samples(view, &found.samples))
            } @else { p { "Nothing of that is wanted." } }
        }
    }
}

pub(super) async fn begin(
    view: View,
    Path(Named { name }): Path<Named>,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Fault> {
    match view.ask().act(Method::POST, &path(&name), Some(wanted.body(false))).await {
        Ok(begun) => {
            let events = count(begun["events"].as_u64().unwrap_or_default(), "event");
            let says = format!("A replay of {events} to {name} has begun. It can be undone.");
            // Not to the replay itself, which goes once it is through.
            Ok(back(&view.base, &format!("/subscriptions/{}", encoded(&name)), &says))
        }
        Err(fault) if is_of_what_was_asked(&fault) => {
            let now = tried(&view, &name, &wanted).await?;
            page(&view, (&name, &wanted), Some(&now), Some(&fault)).await
        }
        Err(fault) => Err(fault),
    }
}

/// What undoing would find: the part of `operation_preview.v1` that is shown.
#[derive(Debug, Deserialize)]
struct Preview {
    filter: String,
    jobs: u64,
    exact: bool,
    samples: Vec<Job>,
}

/// Asks whether replays are undone, and says how many jobs that would cancel.
pub(super) async fn ask(view: View, Path(Named { name }): Path<Named>) -> Result<Response, Fault> {
    is_there(&view, &name).await?;
    let undo = format!("{}/undo", path(&name));
    let found = view.ask().tried::<Preview>(&undo, json!({ "dry_run": true })).await?;
    let says = count(found.jobs, "job");
    let body = html! {
        div.title {
            div { p.crumb { a href={ "subscriptions/" (encoded(&name)) } { (text(&name)) } } h1 { "Undo replays" } }
        }
        p.lead { "A replay of " (text(&name)) " that is under way goes, and those of its replays' jobs that have not begun are cancelled. Jobs that have begun stay." }
        section {
            h2 { a href=(link("jobs", &[("filter", &found.filter)])) { @if !found.exact { "At least " } (says) } " would be cancelled" }
            form method="post" action={ "subscriptions/" (encoded(&name)) "/undo" } {
                button.danger { (icon("undo")) span { "Undo the replays of " (name) } }
            }
            @if !found.samples.is_empty() {
                table.rows {
                    thead { tr { th { "State" } th { "Kind" } } }
                    tbody { @for job in &found.samples {
                        tr { td.state { (badge(job.state)) } td.main { a.name href={ "jobs/" (encoded(&job.id)) } { (text(&job.kind)) } code.id { (short(&job.id)) } } }
                    } }
                }
            }
        }
    };
    Page::new(Nav::Subscriptions, format!("Undo replays of {name}"), body).show(&view).await
}

pub(super) async fn undo(view: View, Path(Named { name }): Path<Named>) -> Result<Response, Fault> {
    let begun = view.ask().act(Method::POST, &format!("{}/undo", path(&name)), None).await?;
    let id = begun["id"].as_str().unwrap_or_default();
    let told = format!("The replays of {name} are undone: operation {id} cancels their jobs.");
    Ok(back(&view.base, &format!("/operations/{}", encoded(id)), &told))
}

//! The form that sets a limit, in place of the whole of what was set before.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::document::Limit;
use super::list::set_by;
use crate::act::back;
use crate::extract::{Form, Query};
use crate::fault::Fault;
use crate::filter::encoded;
use crate::form::{alert, said};
use crate::layout::{Nav, Page};
use crate::parts::{moment, text};
use crate::settings::values;
use crate::view::View;

/// Milliseconds of a second: forms count these.
const SECOND: u64 = 1_000;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    on: String,
}

/// The fields as they are written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// `queue:NAME`, where the form is of one limit; otherwise the two fields behind it say what it is on.
    on: String,
    scope: String,
    name: String,
    running: String,
    reserved: String,
    tokens: String,
    per: String,
    burst: String,
    failures: String,
    within: String,
    open_for: String,
    note: String,
    /// The tag of the limit that the form was made of; nothing where none was set.
    seen: String,
}

impl Asked {
    fn of(limit: &Limit) -> Self {
        let text =
            |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let seconds = |ms: Option<u64>| {
            ms.map(|ms| (std::time::Duration::from_millis(ms)).as_secs_f64().to_string())
                .unwrap_or_default()
        };
        let reserved = limit.reserved.iter().map(|(kind, jobs)| format!("{kind}={jobs}"));
        Self {
            on: limit.on.clone(),
            scope: String::new(),
            name: String::new(),
            running: text(limit.running),
            reserved: reserved.collect::<Vec<_>>().join(", "),
            tokens: text(limit.rate.map(|rate| rate.tokens)),
            per: seconds(limit.rate.map(|rate| rate.per_ms)),
            burst: text(limit.rate.map(|rate| rate.burst)),
            failures: text(limit.breaker.map(|breaker| breaker.failures)),
            within: seconds(limit.breaker.map(|breaker| breaker.within_ms)),
            open_for: seconds(limit.breaker.map(|breaker| breaker.open_for_ms)),
            note: limit.note.clone().unwrap_or_default(),
            seen: String::new(),
        }
    }

    /// What the limit is on.
    fn on(&self) -> String {
        match said(&self.on) {
            Some(on) => on.to_owned(),
            None => format!("{}:{}", self.scope, self.name.trim()),
        }
    }

    /// Slots of a queue alone are kept free for kinds.
    fn may_reserve(&self) -> bool {
        said(&self.on).is_none_or(|on| on.starts_with("queue:")) || said(&self.reserved).is_some()
    }

    /// Whether none of these is written.
    fn lacks(fields: [&String; 3]) -> bool {
        fields.into_iter().all(|field| said(field).is_none())
    }

    fn body(&self) -> Result<Value, Fault> {
        let mut body = Map::new();
        if said(&self.running).is_some() {
            body.insert("running".to_owned(), whole("Run at once", &self.running)?);
        }
        if said(&self.reserved).is_some() {
            body.insert("reserved".to_owned(), reserved(&self.reserved)?);
        }
        let tokens = [("tokens", &self.tokens, "Start"), ("burst", &self.burst, "At once")];
        let rate = part(&tokens, &[("per_ms", &self.per, "In seconds")])?;
        let failures = [("failures", &self.failures, "After failures")];
        let times = [("within_ms", &self.within, "Within"), ("open_for_ms", &self.open_for, "For")];
        let breaker = part(&failures, &times)?;
        for (name, part, is_said) in
            [("rate", rate, &self.tokens), ("breaker", breaker, &self.failures)]
        {
            if said(is_said).is_some() {
                body.insert(name.to_owned(), part);
            }
        }
        if let Some(note) = said(&self.note) {
            body.insert("note".to_owned(), note.into());
        }
        Ok(body.into())
    }
}

type Named<'a> = (&'a str, &'a String, &'a str);

/// Numbers and times that were written, under their names.
fn part(numbers: &[Named<'_>], times: &[Named<'_>]) -> Result<Value, Fault> {
    let mut part = Map::new();
    for (name, text, label) in numbers.iter().filter(|(_, text, _)| said(text).is_some()) {
        part.insert((*name).to_owned(), whole(label, text)?);
    }
    for (name, text, label) in times.iter().filter(|(_, text, _)| said(text).is_some()) {
        part.insert((*name).to_owned(), millis(label, text)?);
    }
    Ok(part.into())
}

fn whole(label: &str, text: &str) -> Result<Value, Fault> {
    let number = text.trim().parse::<u32>();
    number
        .map(Value::from)
        .map_err(|_| Fault::invalid(&format!("{label}: expected a whole number")))
}

/// A time in seconds, as milliseconds.
fn millis(label: &str, text: &str) -> Result<Value, Fault> {
    let wrong = || Fault::invalid(&format!("{label}: expected seconds, such as 60 or 0.5"));
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let part = format!("{part:0<3}");
    let seconds: u64 = whole.parse().map_err(|_| wrong())?;
    let rest: u64 = part.get(..3).and_then(|part| part.parse().ok()).ok_or_else(wrong)?;
    Ok(seconds.saturating_mul(SECOND).saturating_add(rest).into())
}

fn reserved(text: &str) -> Result<Value, Fault> {
    let mut reserved = Map::new();
    for one in values(text) {
        let (kind, jobs) = one.split_once('=').ok_or_else(|| {
            Fault::invalid("Kept free: expected kinds with numbers, such as welcome=5")
        })?;
        reserved.insert(kind.to_owned(), whole("Kept free", jobs)?);
    }
    Ok(reserved.into())
}

pub(super) async fn form(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    if !view.who().await?.may_operate() {
        return Err(Fault::forbidden("you may not change limits here"));
    }
    let set = if wanted.on.is_empty() { None } else { now(&view, &wanted.on).await? };
    let asked = match set {
        Some((limit, seen)) => Asked { seen, ..Asked::of(&limit) },
        None => Asked { on: wanted.on, ..Asked::default() },
    };
    page(&view, (&asked, None), None).await
}

/// The limit that is set for this now, with its tag.
async fn now(view: &View, on: &str) -> Result<Option<(Limit, String)>, Fault> {
    let path = format!("/v1/limits/{}", encoded(on));
    match view.ask().get_with_tag::<Limit>(&path).await {
        Ok((limit, tag)) => Ok(Some((limit, tag.unwrap_or_default()))),
        Err(fault) if fault.status() == StatusCode::NOT_FOUND => Ok(None),
        Err(fault) => Err(fault),
    }
}

pub(super) async fn set(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    let on = asked.on();
    let on = on.as_str();
    let done = match asked.body() {
        Ok(body) => {
            let path = format!("/v1/limits/{}", encoded(on));
            view.ask().change((&path, body), said(&asked.seen)).await
        }
        Err(fault) => Err(fault),
    };
    match done {
        Ok(_) => Ok(back(&view.base, "/limits", &format!("The limit for {on} is set."))),
        Err(fault) if fault.is_stale() => {
            let set = now(&view, on).await?;
            let (limit, seen) =
                set.map_or((None, String::new()), |(limit, seen)| (Some(limit), seen));
            let asked = Asked { seen, ..asked };
            page(&view, (&asked, Some(&changed(&view, limit.as_ref()))), Some(&fault)).await
        }
        Err(fault) if fault.is_of_fields() => page(&view, (&asked, None), Some(&fault)).await,
        Err(fault) => Err(fault),
    }
}

/// What somebody else has set, or removed, since the form was opened.
fn changed(view: &View, limit: Option<&Limit>) -> Markup {
    html! {
        @match limit {
            None => p { "Somebody has removed this limit since this form was opened. Send it again to set the limit." },
            Some(limit) => {
                p { "Somebody has set this limit since this form was opened. This is set now:" }
                ul {
                    @if let Some(most) = limit.running { li { "run at once: " (most) } }
                    @for (kind, jobs) in &limit.reserved { li { "kept free for " (text(kind)) ": " (jobs) } }
                    @if let Some(rate) = limit.rate { li { "start: " (rate.words()) ", " (rate.burst) " at once" } }
                    @if let Some(breaker) = limit.breaker { li { (breaker.words()) } }
                    @if let Some(note) = &limit.note { li { "note: " (text(note)) } }
                    li { "set " (moment(limit.set_at, view.now)) " " (set_by(&limit.set_by)) }
                }
                p { "Look again, then send the form to put yours in its place." }
            }
        }
    }
}

async fn page(
    view: &View,
    (asked, changed): (&Asked, Option<&Markup>),
    fault: Option<&Fault>,
) -> Result<Response, Fault> {
    let body = html! {
        div.title { div { p.crumb { a href="limits" { "Limits" } } h1 { "Set a limit" } } }
        (alert(fault))
        @if let Some(changed) = changed { section { (changed) } }
        (fields(asked))
    };
    Page::new(Nav::Limits, "Set a limit", body).show_refused(view, fault).await
}

fn fields(asked: &Asked) -> Markup {
    let [at_once, per_time, breaker] = [
        Asked::lacks([&asked.running, &asked.reserved, &asked.reserved]),
        Asked::lacks([&asked.tokens, &asked.per, &asked.burst]),
        Asked::lacks([&asked.failures, &asked.within, &asked.open_for]),
    ];
    html! {
        form.fields.limit method="post" action="limits/set" {
            input type="hidden" name="seen" value=(asked.seen);
            (on(asked))
            details open[!at_once || (per_time && breaker)] {
                summary { "How many at once" span.meta { "over all machines" } }
                (Given { name: "running", label: "Run at once", value: &asked.running, hint: "not limited", help: "jobs; of a key, of each of its values" }.show())
                @if asked.may_reserve() { div.of-queue { (Given { name: "reserved", label: "Kept free", value: &asked.reserved, hint: "welcome=5, invoice=2", help: "of a queue: so many of these are for jobs of that kind alone" }.show()) } }
            }
            details open[!per_time] {
                summary { "How many per time" span.meta { "a rate" } }
                (Given { name: "tokens", label: "Start", value: &asked.tokens, hint: "not limited", help: "jobs" }.show())
                (Given { name: "per", label: "In seconds", value: &asked.per, hint: "1", help: "0.5 is half a second" }.show())
                (Given { name: "burst", label: "At once", value: &asked.burst, hint: "as many as start in that time", help: "after a quiet time so many may start together" }.show())
            }
            details open[!breaker] {
                summary { "Breaker" span.meta { "nothing starts for a while after failures" } }
                (Given { name: "failures", label: "After failures", value: &asked.failures, hint: "no breaker", help: "errors, timeouts and panics open it" }.show())
                (Given { name: "within", label: "Within", value: &asked.within, hint: "60", help: "seconds: older failures do not count" }.show())
                (Given { name: "open_for", label: "For", value: &asked.open_for, hint: "60", help: "seconds; then one job starts and shows whether it closes" }.show())
            }
            (Given { name: "note", label: "Note", value: &asked.note, hint: "why, and by whom", help: "stands beside the limit" }.show())
            button.primary { "Set the limit" }
            p.meta { "It replaces the whole limit that was set before, from the next claim on. What is left empty is not limited." }
        }
    }
}

/// What the limit is on: fixed where the form is of one, and a choice where it is of a new one.
fn on(asked: &Asked) -> Markup {
    if let Some((scope, name)) = asked.on.trim().split_once(':') {
        return html! {
            input type="hidden" name="on" value=(asked.on.trim());
            div.one { b { "On" } p.wide { (text(scope)) " " b { (text(name)) } } }
        };
    }
    let name = said(&asked.on).unwrap_or(&asked.name);
    html! {
        div.one {
            label for="limit-name" { "On" }
            div.pair-of.wide {
                select name="scope" aria-label="What it is on" {
                    @for scope in ["queue", "kind", "key"] { option value=(scope) selected[asked.scope == scope] { (scope) } }
                }
                input #limit-name name="name" value=(name) maxlength="1024" placeholder="mail" autocomplete="off" spellcheck="false" required aria-describedby="limit-name-help";
            }
            span.meta.wide #limit-name-help { "the name of a queue, of a kind, or of the limit that jobs have keys for" }
        }
    }
}

/// A field with its label before it and what it means behind it.
struct Given<'a> {
    name: &'a str,
    label: &'a str,
    value: &'a str,
    hint: &'a str,
    help: &'a str,
}

impl Given<'_> {
    fn show(&self) -> Markup {
        let id = format!("limit-{}", self.name);
        let help = format!("{id}-help");
        html! {
            div.one {
                label for=(id) { (self.label) }
                input id=(id) name=(self.name) value=(self.value) maxlength="1024" placeholder=(self.hint) autocomplete="off" spellcheck="false" aria-describedby=(help);
                span.meta id=(help) { (self.help) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seconds_are_milliseconds() {
        for (text, ms) in [("60", 60_000), ("0.5", 500), (" 1.25 ", 1_250), ("0.0015", 1)] {
            assert_eq!(millis("x", text).expect(text), json!(ms), "{text}");
        }
        for text in ["", "-1", "a", "1.x", "1e3"] {
            assert!(millis("x", text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_left_out_is_not_limited() {
        let asked = Asked { running: "3".to_owned(), per: "2".to_owned(), ..Asked::default() };
        assert_eq!(asked.body().expect("read"), json!({"running": 3}));
        let asked = Asked {
            tokens: "10".to_owned(),
            per: "2".to_owned(),
            reserved: "a=1, b=2".to_owned(),
            ..Asked::default()
        };
        let expected =
            json!({"rate": {"tokens": 10, "per_ms": 2_000}, "reserved": {"a": 1, "b": 2}});
        assert_eq!(asked.body().expect("read"), expected);
    }
}

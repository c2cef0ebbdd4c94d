//! What is not as it should be, as the doctor tells it: what weighs most first, what is named as a link, and commands to copy.

use maud::{Markup, html};
use serde::Deserialize;

use crate::filter::{encoded, link, term};
use crate::parts::{copy, icon, text};

/// What pages show of `doctor.v1`.
#[derive(Debug, Deserialize)]
pub(crate) struct Doctor {
    checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
struct Check {
    check: String,
    status: String,
    detail_parts: Vec<Vec<Part>>,
    fix_parts: Vec<Vec<Part>>,
}

/// Words, a name or a command.
#[derive(Debug, Deserialize)]
struct Part {
    text: String,
    /// What it is; words where it is not said.
    #[serde(default)]
    is: String,
}

/// What was found, problems before warnings.
pub(crate) fn problems(doctor: &Doctor) -> Markup {
    let mut found: Vec<_> = doctor.checks.iter().filter(|check| check.status != "ok").collect();
    found.sort_by_key(|check| check.status != "problem");
    html! {
        section.problems aria-label="Problems" {
            @if found.is_empty() {
                p.well { (icon("check")) "No problems found." span.meta { (doctor.checks.len()) " checks" } }
            }
            @for check in found { (shown(check)) }
        }
    }
}

fn shown(check: &Check) -> Markup {
    html! {
        div class={ "problem " (check.status) } {
            (icon(if check.status == "problem" { "cross" } else { "warning" }))
            div {
                h2 { (text(&check.check)) }
                @for line in &check.detail_parts { p { @for part in line { (part.shown()) } } }
                @for line in &check.fix_parts { p.fix { @for part in line { (part.shown()) } } }
            }
        }
    }
}

impl Part {
    fn shown(&self) -> Markup {
        let words = text(&self.text);
        html! {
            @match self.is.as_str() {
                "command" => span.command { code { (words) } (copy("Copy", &self.text)) },
                "template" => code { (words) },
                _ => @if let Some(page) = self.page() { a href=(page) { (words) } } @else { (self.words()) },
            }
        }
    }

    /// Words with the blanks at their ends, which keep them apart from what stands beside them.
    fn words(&self) -> Markup {
        html! {
            @if self.text.starts_with(' ') { " " }
            (text(&self.text))
            @if self.text.ends_with(' ') { " " }
        }
    }

    /// The page of what it names.
    fn page(&self) -> Option<String> {
        let jobs = |field| link("jobs", &[("filter", &term(field, &self.text))]);
        let named = |pages: &str| format!("{pages}/{}", encoded(&self.text));
        Some(match self.is.as_str() {
            "job" => named("jobs"),
            "kind" => jobs("kind"),
            "queue" => jobs("queue"),
            "schedule" => named("schedules"),
            "source" => named("sources"),
            "subscription" => named("subscriptions"),
            _ => return None,
        })
    }
}

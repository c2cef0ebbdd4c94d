//! Whether the entries are those that were written: all of them are read, when somebody asks.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use windlass_http::words::time::number;

use crate::fault::Fault;
use crate::layout::{Nav, Page};
use crate::parts::{copy, icon, text};
use crate::view::View;

/// What the page shows of `audit_check.v1`.
#[derive(Debug, Deserialize)]
struct Check {
    whole: bool,
    entries: u64,
    begins_behind: u64,
    last: u64,
    digest: String,
    broken: Vec<String>,
}

pub(super) async fn verify(view: View) -> Result<Response, Fault> {
    // It reads all entries: no other page may have that done.
    view.ask().only_own_pages()?;
    let check = view.ask().get::<Check>("/v1/audit/verify").await?;
    let anchor = format!("windlass audit verify --expect {}:{}", check.last, check.digest);
    let body = html! {
        div.title { div { p.crumb { a href="audit" { "Audit" } } h1 { "Verification" } } }
        p.lead {
            @if check.whole { span.badge.done { (icon("check")) "whole" } " No entry was changed, removed or moved since it was written." }
            @else { span.badge.failed { (icon("cross")) "broken" } " Entries are not as they were written." }
        }
        p {
            (number(check.entries)) " entries were read"
            @if check.begins_behind > 0 { ", from number " (check.begins_behind + 1) " on: older ones were removed after their time of keeping" }
            "."
        }
        @if !check.broken.is_empty() { section.error { h2 { "What was found" } pre { @for line in &check.broken { (text(line)) "\n" } } } }
        @if check.last > 0 {
            section {
                h2 { "Keep this elsewhere" }
                p { "Who keeps the number and the digest of the last entry sees later whether entries up to it were written again:" }
                div.command { code { (anchor) } (copy("Copy", &anchor)) }
            }
        }
    };
    Page::new(Nav::Audit, "Verification", body).show(&view).await
}

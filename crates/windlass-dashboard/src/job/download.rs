//! What matches a filter as a file: page by page from the API to the browser, never all at once.

use std::io;

use axum::body::Body;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, TryStreamExt, stream};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::csv;
use super::document::Job;
use crate::ask::Asker;
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::link;
use crate::parts::icon;
use crate::view::View;

/// A file has no more; `windlass export` goes on without a bound.
const MOST: usize = 100_000;
/// Jobs asked for at a time: with all that they may have they are some tens of megabytes.
const PAGE: &str = "50";

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    filter: String,
}

/// How a job is written.
#[derive(Debug, Clone, Copy)]
enum Format {
    Csv,
    Ndjson,
}

#[derive(Debug, Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
    next: Option<String>,
}

/// A walk over all pages.
#[derive(Debug)]
struct Walk {
    asker: Asker,
    filter: String,
    format: Format,
    /// Where it goes on; nothing behind the last page.
    cursor: Option<String>,
    jobs: usize,
}

pub(super) async fn csv(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    file(&view, &wanted, Format::Csv).await
}

pub(super) async fn ndjson(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    file(&view, &wanted, Format::Ndjson).await
}

async fn file(view: &View, wanted: &Wanted, format: Format) -> Result<Response, Fault> {
    let mut walk = Walk {
        asker: view.ask().clone(),
        filter: wanted.filter.trim().to_owned(),
        format,
        cursor: Some(String::new()),
        jobs: 0,
    };
    // A filter that cannot be read is a page that says so, not a file.
    let first = walk.next().await?.unwrap_or_default();
    let first = format!("{}{first}", format.head());
    let rest =
        stream::try_unfold(walk, async |mut walk| Ok(walk.next().await?.map(|text| (text, walk))));
    let lines = stream::once(async { Ok(first) }).chain(rest).map_err(broken);
    Ok((format.headers(), Body::from_stream(lines)).into_response())
}

/// The connection ends here without the mark of a whole answer, by which a browser knows that the file is not whole.
fn broken(fault: Fault) -> io::Error {
    tracing::warn!(error = fault.detail(), "a download was broken off");
    io::Error::other(fault.detail().to_owned())
}

impl Walk {
    /// The lines of the next page.
    async fn next(&mut self) -> Result<Option<String>, Fault> {
        let Some(cursor) = self.cursor.take() else { return Ok(None) };
        let asked = [("filter", self.filter.as_str()), ("limit", PAGE), ("cursor", &cursor)];
        let path = link("/v1/jobs", &asked);
        let (head, body) = self.asker.send(Method::GET, &path, None).await?;
        if !head.status.is_success() {
            return Err(Fault::read(head.status, &body));
        }
        let page: Page = serde_json::from_slice(&body).map_err(|_| Fault::unreadable())?;
        let left = MOST - self.jobs;
        let jobs = page.items.iter().take(left);
        let lines = jobs.map(|job| self.format.line(job)).collect::<Result<String, _>>()?;
        self.jobs += page.items.len().min(left);
        self.cursor = page.next.filter(|_| self.jobs < MOST);
        Ok(Some(lines))
    }
}

impl Format {
    const fn head(self) -> &'static str {
        match self {
            Self::Csv => csv::HEAD,
            Self::Ndjson => "",
        }
    }

    const fn headers(self) -> [(header::HeaderName, &'static str); 2] {
        let (kind, name) = match self {
            Self::Csv => {
                ("text/csv; charset=utf-8; header=present", "attachment; filename=\"jobs.csv\"")
            }
            Self::Ndjson => ("application/x-ndjson", "attachment; filename=\"jobs.ndjson\""),
        };
        [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)]
    }

    fn line(self, job: &RawValue) -> Result<String, Fault> {
        match self {
            // Args are as they were written; a line break in JSON stands between its tokens alone.
            Self::Ndjson => Ok(job.get().replace(['\n', '\r'], " ") + "\n"),
            Self::Csv => {
                let job: Job = serde_json::from_str(job.get()).map_err(|_| Fault::unreadable())?;
                Ok(csv::line(&job))
            }
        }
    }
}

/// What leads to the files, behind its button.
pub(super) fn links(filter: &str) -> Markup {
    html! {
        details.ask {
            summary.quiet { (icon("download")) span { "Download…" } }
            div.fields {
                p { @if filter.is_empty() { "All jobs" } @else { "All jobs that match" } ", the newest first." }
                div.tools {
                    a.button download href=(link("jobs.csv", &[("filter", filter)])) { "CSV" }
                    a.button download href=(link("jobs.ndjson", &[("filter", filter)])) { "NDJSON" }
                }
                p.note { "At most 100,000; " code { "windlass export jobs" } " has no bound." }
            }
        }
    }
}

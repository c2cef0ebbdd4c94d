//! What every page knows of its request.

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use serde::Deserialize;
use windlass::Timestamp;

use crate::ask::{Asker, Pages};
use crate::base::Base;
use crate::fault::Fault;
use crate::filter::word;

/// Who looks, at what, and when.
#[derive(Debug)]
pub(crate) struct View {
    asker: Asker,
    pub(crate) base: Base,
    /// The path and the query, without what stands before them.
    pub(crate) here: String,
    pub(crate) now: Timestamp,
    pub(crate) theme: Theme,
    /// What the page before has done.
    pub(crate) told: Option<String>,
    cookies: Vec<String>,
}

/// The colours that somebody chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Those of the system.
    System,
    Light,
    Dark,
}

/// Who is signed in, and what they may.
#[derive(Debug, Deserialize)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) by: String,
    pub(crate) role: Option<String>,
    scopes: Vec<String>,
    queues: Vec<String>,
    kinds: Vec<String>,
    tags: Vec<String>,
}

impl Who {
    /// Whether tokens and users are shown.
    pub(crate) fn may_administer(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "admin")
    }

    /// Whether they see some jobs alone, and nothing that is about all.
    pub(crate) fn is_limited(&self) -> bool {
        [&self.queues, &self.kinds, &self.tags].iter().any(|limits| !limits.is_empty())
    }

    /// Whether they may write new jobs.
    pub(crate) fn may_enqueue(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "enqueue" || scope == "admin")
    }

    /// Whether buttons that change something are shown; the API decides each time.
    pub(crate) fn may_operate(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "operate" || scope == "admin")
    }
}

impl View {
    pub(crate) fn ask(&self) -> &Asker {
        &self.asker
    }

    /// What the browser keeps under this name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        of_name(&self.cookies, name)
    }

    /// What stands behind a command that is for this store, where that is known.
    pub(crate) fn store_option(&self) -> Option<String> {
        let url = self.asker.store_url(self.base.store.as_deref())?;
        Some(format!("--store {}", word(url)))
    }

    /// A command that asks the API for the same.
    pub(crate) fn curl(&self, path: &str) -> String {
        self.asker.curl(&format!("{}{path}", self.base.store_path()), &self.base.prefix)
    }

    pub(crate) async fn who(&self) -> Result<Who, Fault> {
        self.asker.get_home("/v1/session").await
    }
}

impl FromRequestParts<Pages> for View {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Fault> {
        Self::of(parts.clone(), pages).await
    }
}

impl View {
    /// That of this request.
    pub(crate) async fn of(parts: Parts, pages: &Pages) -> Result<Self, Fault> {
        let base = Base::of(&parts);
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let cookies = cookies(&parts);
        let theme = match of_name(&cookies, "windlass-theme") {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        let told = of_name(&cookies, TOLD).map(decoded);
        let asker = Asker::of(pages.clone(), parts, base.store_path()).await?;
        Ok(Self { asker, base, here, now: Timestamp::wall_clock(), theme, told, cookies })
    }
}

/// The cookie that carries what was done to the page that comes next.
pub(crate) const TOLD: &str = "windlass-told";

/// The cookie that says that somebody has changed something a moment ago.
pub(crate) const ACTED: &str = "windlass-acted";

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

pub(crate) fn cookie(parts: &Parts, name: &str) -> Option<String> {
    of_name(&cookies(parts), name).map(str::to_owned)
}

/// Each cookie as it came: `NAME=VALUE`.
fn cookies(parts: &Parts) -> Vec<String> {
    let all = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|cookies| cookies.split(';')).map(|one| one.trim().to_owned()).collect()
}

fn of_name<'a>(cookies: &'a [String], name: &str) -> Option<&'a str> {
    let mut pairs = cookies.iter().filter_map(|one| one.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

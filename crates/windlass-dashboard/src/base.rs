//! Where the dashboard lies below a host, and which store a page is of.

use axum::extract::{OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, Uri};

/// The first part of the paths that are pages; the other paths are the API's.
const OF_PAGES: [&str; 29] = [
    "",
    "assets",
    "audit",
    "backtest",
    "batches",
    "builds",
    "complete",
    "docs",
    "errors",
    "event-types",
    "events",
    "jobs",
    "jobs.csv",
    "jobs.ndjson",
    "kinds",
    "lanes",
    "limits",
    "operations",
    "queues",
    "schedules",
    "settings",
    "sign-out",
    "sources",
    "subjects",
    "subscriptions",
    "theme",
    "traces",
    "workers",
    "workflows",
];

/// What stands before the path of a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Base {
    /// `/windlass` in a program that has the dashboard there; otherwise nothing.
    pub(crate) prefix: String,
    /// The store's name, where the path says it.
    pub(crate) store: Option<String>,
}

/// What a request had with it before the pages have looked at it.
#[derive(Debug, Clone)]
pub(crate) struct OfProgram(Extensions);

impl OfProgram {
    pub(crate) fn of(request: &Parts) -> Extensions {
        request.extensions.get::<Self>().map(|own| own.0.clone()).unwrap_or_default()
    }
}

impl Base {
    pub(crate) fn of(request: &Parts) -> Self {
        request.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// The API's own path of the store.
    pub(crate) fn store_path(&self) -> String {
        self.store.as_ref().map(|name| format!("/stores/{name}")).unwrap_or_default()
    }

    /// Its first page. Below a path of a program's own there may be no slash behind that.
    pub(crate) fn home(&self) -> String {
        match (&self.prefix, &self.store) {
            (prefix, None) if !prefix.is_empty() => prefix.clone(),
            _ => self.href(),
        }
    }

    /// What relative links of its pages begin at.
    pub(crate) fn href(&self) -> String {
        format!("{}{}/", self.prefix, self.store_path())
    }
}

/// The request as the routes of pages know it: without the store in its path.
pub(crate) async fn found(mut request: Request) -> Request {
    let path = request.uri().path().to_owned();
    let original = request.extensions().get::<OriginalUri>().map(|uri| uri.path().to_owned());
    let prefix = original.map(|whole| prefix_of(&whole, &path)).unwrap_or_default();
    let mut base = Base { prefix, store: None };
    if let Some((name, rest)) = of_store(&path) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(uri) = format!("{rest}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
            base.store = Some(name);
        }
    }
    // What the program around it has put into the request is what knows who sends it.
    let of_program = OfProgram(request.extensions().clone());
    request.extensions_mut().insert(of_program);
    request.extensions_mut().insert(base);
    request
}

/// What a program has put before the path. Where the dashboard is asked for by that alone, the path is `/`.
fn prefix_of(whole: &str, path: &str) -> String {
    let before = whole.strip_suffix(path);
    before.or((path == "/").then_some(whole)).unwrap_or_default().to_owned()
}

/// The store and the rest of a page's path, such as `/stores/eu/jobs`.
fn of_store(path: &str) -> Option<(String, String)> {
    let (name, rest) = path.strip_prefix("/stores/")?.split_once('/')?;
    let first = rest.split('/').next().unwrap_or_default();
    OF_PAGES.contains(&first).then(|| (name.to_owned(), format!("/{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_it_anywhere() {
        assert_eq!(prefix_of("/windlass/jobs", "/jobs"), "/windlass");
        assert_eq!(prefix_of("/windlass/", "/"), "/windlass");
        assert_eq!(prefix_of("/windlass", "/"), "/windlass");
        assert_eq!(prefix_of("/jobs", "/jobs"), "");
    }

    #[test]
    fn a_store_stands_before_the_path_of_a_page_alone() {
        let found = |path| of_store(path).map(|(name, rest)| format!("{name} {rest}"));
        assert_eq!(found("/stores/eu/jobs/job_1").as_deref(), Some("eu /jobs/job_1"));
        assert_eq!(found("/stores/eu/").as_deref(), Some("eu /"));
        assert_eq!(found("/stores/eu/v1/jobs"), None, "it is the API's");
        assert_eq!(found("/stores/eu"), None);
        assert_eq!(found("/jobs"), None);
    }
}

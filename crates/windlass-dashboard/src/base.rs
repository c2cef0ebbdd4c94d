//! Where the dashboard lies below a host, and which store a page is of.

use axum::extract::{OriginalUri, Request};
use axum::http::Uri;
use axum::http::request::Parts;

/// The first part of the paths that are pages; the other paths are the API's.
const OF_PAGES: [&str; 15] = [
    "",
    "assets",
    "audit",
    "builds",
    "jobs",
    "kinds",
    "lanes",
    "limits",
    "operations",
    "queues",
    "settings",
    "subjects",
    "theme",
    "workers",
    "sign-out",
];

/// What stands before the path of a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Base {
    /// `/windlass` in a program that has the dashboard there; otherwise nothing.
    pub(crate) prefix: String,
    /// The store's name, where the path says it.
    pub(crate) store: Option<String>,
}

impl Base {
    pub(crate) fn of(request: &Parts) -> Self {
        request.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// The API's own path of the store.
    pub(crate) fn store_path(&self) -> String {
        self.store.as_ref().map(|name| format!("/stores/{name}")).unwrap_or_default()
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
    let prefix = original.and_then(|whole| whole.strip_suffix(&path).map(str::to_owned));
    let mut base = Base { prefix: prefix.unwrap_or_default(), store: None };
    if let Some((name, rest)) = of_store(&path) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(uri) = format!("{rest}{query}").parse::<Uri>() {
            *request.uri_mut() = uri;
            base.store = Some(name);
        }
    }
    request.extensions_mut().insert(base);
    request
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
    fn a_store_stands_before_the_path_of_a_page_alone() {
        let found = |path| of_store(path).map(|(name, rest)| format!("{name} {rest}"));
        assert_eq!(found("/stores/eu/jobs/job_1").as_deref(), Some("eu /jobs/job_1"));
        assert_eq!(found("/stores/eu/").as_deref(), Some("eu /"));
        assert_eq!(found("/stores/eu/v1/jobs"), None, "it is the API's");
        assert_eq!(found("/stores/eu"), None);
        assert_eq!(found("/jobs"), None);
    }
}

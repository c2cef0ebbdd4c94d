//! Which pages there are, and where each stands in the contents.

/// A page of the documentation.
#[derive(Debug)]
pub(super) struct DocPage {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

impl DocPage {
    /// Its heading.
    pub(super) fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches('#').trim()
    }
}

/// The page with this name.
pub(super) fn page(name: &str) -> Option<&'static DocPage> {
    CONTENTS.iter().flat_map(|(_, pages)| *pages).find(|page| page.name == name)
}

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[$(DocPage { name: $name, text: include_str!(concat!("../../docs/", $name, ".md")) }),*]
    };
}

/// The contents: parts, and their pages in the order of reading.
pub(super) const CONTENTS: &[(&str, &[DocPage])] = &[
    ("First steps", pages!["dev", "without-rust", "testing", "drivers", "sqlite"]),
    (
        "Jobs",
        pages![
            "unique",
            "tags",
            "queues",
            "lanes",
            "concurrency",
            "groups",
            "expiry",
            "chunks",
            "steps",
            "isolation",
            "layers",
            "intents",
            "schedules",
            "conditions",
            "batches",
            "workflows"
        ],
    ),
    ("Events", pages!["events", "subscriptions", "sources", "trace", "alerts"]),
    (
        "Seeing and repairing",
        pages![
            "dashboard",
            "explain",
            "errors",
            "filters",
            "doctor",
            "top",
            "operations",
            "audit",
            "metrics",
            "stats",
            "sql"
        ],
    ),
    (
        "Running it",
        pages![
            "workers",
            "deployment",
            "stores",
            "reads",
            "backup",
            "moving",
            "export",
            "security",
            "encryption",
            "redaction"
        ],
    ),
    ("Command line", pages!["cli"]),
    ("HTTP", pages!["http", "api", "worker-protocol", "stream"]),
    ("About", pages!["compare", "performance", "limits", "behaviours", "design"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_page_is_in_the_contents_once() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
        let files = std::fs::read_dir(folder).expect("the pages").filter_map(|file| {
            let name = file.expect("a file").file_name().into_string().expect("UTF-8");
            name.strip_suffix(".md").map(str::to_owned)
        });
        let files: BTreeSet<String> = files.collect();
        let listed: Vec<_> =
            CONTENTS.iter().flat_map(|(_, pages)| *pages).map(|page| page.name).collect();
        assert_eq!(files, listed.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(files.len(), listed.len(), "none is there twice");
    }
}

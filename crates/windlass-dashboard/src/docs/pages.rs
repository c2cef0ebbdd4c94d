//! Which pages there are, and where each stands in the contents.

/// A page of the documentation.
#[derive(Debug)]
pub(super) struct DocPage {
    pub(super) name: &'static str,
    /// What it is for, in a line.
    pub(super) about: &'static str,
    pub(super) text: &'static str,
}

impl DocPage {
    /// Its heading.
    pub(super) fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches('#').trim()
    }
}

/// Pages for one want of a reader.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) about: &'static str,
    pub(super) pages: &'static [DocPage],
}

/// All pages, in the order of the contents.
pub(super) fn all() -> impl Iterator<Item = &'static DocPage> {
    CONTENTS.iter().flat_map(|part| part.pages)
}

/// The page with this name.
pub(super) fn page(name: &str) -> Option<&'static DocPage> {
    all().find(|page| page.name == name)
}

macro_rules! part {
    ($title:literal, $about:literal, { $($name:literal: $page:literal),* $(,)? }) => {
        Part {
            title: $title,
            about: $about,
            pages: &[$(DocPage { name: $name, about: $page, text: include_str!(concat!("../../docs/", $name, ".md")) }),*],
        }
    };
}

/// The contents: what a reader wants, and the pages for it in the order of reading.
pub(super) const CONTENTS: &[Part] = &[
    part!("Start", "Where to begin, and the first job", {
        "overview": "what there is, in one page, and which page to read next",
        "dev": "a worker and the API in one process, and a made-up shop to look at",
        "drivers": "which versions of sqlx, tokio-postgres and rusqlite go together",
        "sqlite": "the store as a file of its own, or in your application's",
        "without-rust": "programs in any language as handlers, and enqueueing by SQL",
        "testing": "run jobs in a test, with a clock in its hand",
    }),
    part!("How to: write jobs", "One thing each, with what it promises", {
        "unique": "one job of a kind with a key at a time",
        "tags": "say what a job is about, and find it by that",
        "queues": "pause a queue or a kind, bound how much waits, let old jobs go first",
        "lanes": "one after the other for each server or account",
        "concurrency": "how many run, how many start in a time, and whose turn it is",
        "groups": "the items of one invoice in order, invoices in turns",
        "expiry": "cancel what nobody needs any more",
        "chunks": "many jobs in one call of a handler",
        "steps": "go on where the last attempt stopped",
        "isolation": "an attempt in a process of its own, with bounds for memory and time",
        "layers": "hooks, spans, and reports around handlers",
        "intents": "keep rows of yours in step with their jobs",
        "schedules": "enqueue again and again, by a cron line or an interval",
        "conditions": "start when jobs have ended, signals have come or a time is there",
        "batches": "do something once all of many jobs have ended",
        "workflows": "steps that wait for each other, and what undoes them",
    }),
    part!("How to: events", "What happened, and who gets it", {
        "events": "publish what has happened, in your transaction",
        "subscriptions": "make a job of each event that is wanted, try filters, replay",
        "sources": "read feeds and brokers of others without a loss",
        "trace": "the tree of all that came of one job or event",
        "alerts": "be told when something is not as it should be",
    }),
    part!("How to: see and repair", "When something is not as it should be", {
        "dashboard": "the pages in a browser, and what they cost",
        "doctor": "what is wrong, and the command that repairs it",
        "explain": "why one job does not run",
        "errors": "jobs that failed alike, as one",
        "operations": "retry, cancel, move or delete many jobs, and undo it",
        "top": "how things are, live in a terminal",
        "audit": "who changed what, when, and what it was before",
    }),
    part!("How to: run it", "In production", {
        "deployment": "processes, signals, units, containers and rolling deploys",
        "workers": "what workers do, how to stop one, the oldest build that takes work",
        "security": "who may reach the API, and tokens, users and sessions",
        "redaction": "fields that are never shown",
        "encryption": "args that nobody reads in the database",
        "backup": "one file with all that a store holds, and back",
        "moving": "from a file to a server, without losing a job",
        "export": "jobs and events as lines of JSON",
        "stores": "several databases behind one client",
        "reads": "lists and charts answered by a standby",
    }),
    part!("Reference", "Every name, option and bound", {
        "cli": "every command, with its options and exit codes",
        "filters": "the language that finds jobs and events",
        "http": "how the HTTP API is used: tokens, pages, problems, retries",
        "api": "every path of the HTTP API, with its documents",
        "worker-protocol": "a worker in any language, over HTTP",
        "stream": "what happens, while it happens, over HTTP",
        "sql": "views for questions, with their columns",
        "metrics": "names, labels and units for Prometheus",
        "stats": "what jobs did over time, by queue and kind",
        "limits": "every bound, and what it is for",
        "behaviours": "what Windlass does, each with the test that shows it",
    }),
    part!("Explanation", "Why it is so, and what it reaches", {
        "compare": "beside River, Oban, Sidekiq, Temporal and others",
        "performance": "what was measured, how, and what falls short",
        "design": "what was decided, and what else was tried",
    }),
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
        let listed: Vec<_> = all().map(|page| page.name).collect();
        assert_eq!(files, listed.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(files.len(), listed.len(), "none is there twice");
    }

    #[test]
    fn every_page_says_in_a_line_what_it_is_for() {
        for page in all() {
            assert!((20..=80).contains(&page.about.len()), "{}: {}", page.name, page.about);
            assert!(!page.about.ends_with('.'), "{}: a line, not a sentence", page.name);
        }
    }
}

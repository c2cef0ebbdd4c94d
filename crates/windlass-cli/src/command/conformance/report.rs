//! What the checks have found, as lines and as a document.

use serde::Serialize;

use super::check::{ALL, Check};
use crate::exit::Exit;
use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document::Document, time};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Passed,
    Failed,
    Skipped,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// How a check ended, and what was seen.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) status: Status,
    pub(super) seen: String,
}

/// One line of the document.
#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    expected: &'static str,
    status: Status,
    seen: String,
}

/// The whole document.
#[derive(Debug, Serialize)]
struct Body<'a> {
    url: &'a str,
    passed: usize,
    failed: usize,
    skipped: usize,
    checks: &'a [Line],
}

/// What was found by now.
#[derive(Debug)]
pub(super) struct Report<'a> {
    out: &'a Output,
    url: String,
    lines: Vec<Line>,
}

impl<'a> Report<'a> {
    pub(super) fn new(out: &'a Output, url: String) -> Self {
        Self { out, url, lines: Vec::new() }
    }

    /// Whether a worker was found that the other checks can be held against.
    pub(super) fn is_registered(&self) -> bool {
        self.lines.first().is_none_or(|line| line.status == Status::Passed)
    }

    /// Adds what a check has found, and shows it to who reads along.
    pub(super) fn add(&mut self, check: &'static Check, found: Found) -> anyhow::Result<()> {
        let Found { status, seen } = found;
        let line = Line { check: check.id, expected: check.expected, status, seen };
        if !self.out.is_json() {
            self.out.print(&self.shown(&line))?;
        }
        self.lines.push(line);
        Ok(())
    }

    fn shown(&self, line: &Line) -> String {
        let Line { check, expected, seen, .. } = line;
        if self.out.is_plain() {
            return format!("{check}\t{}\t{expected}\t{seen}\n", line.status.word());
        }
        let (glyph, tone) = match line.status {
            Status::Passed => (self.out.glyphs().good(), Tone::Good),
            Status::Failed => (self.out.glyphs().bad(), Tone::Bad),
            Status::Skipped => (self.out.glyphs().nothing(), Tone::Dim),
        };
        let mark = self.out.paint(tone, glyph);
        let seen = self
            .out
            .paint(if line.status == Status::Failed { Tone::Plain } else { Tone::Dim }, seen);
        format!("{mark} {check:<12} {expected}\n{:15}{seen}\n", "")
    }

    /// The sum; the exit code says whether a check failed.
    pub(super) fn end(self) -> anyhow::Result<Exit> {
        let number = |status| self.lines.iter().filter(|line| line.status == status).count();
        let (passed, failed, skipped) =
            (number(Status::Passed), number(Status::Failed), number(Status::Skipped));
        if self.out.is_json() {
            let body = Body { url: &self.url, passed, failed, skipped, checks: &self.lines };
            self.out.json(&Document::new("conformance.v1", body))?;
        } else if !self.out.is_plain() {
            let sum = time::count(passed as u64, "check");
            self.out.line(&format!("{sum} passed, {failed} failed, {skipped} skipped"))?;
        }
        Ok(if failed > 0 { Exit::Problem } else { Exit::Done })
    }
}

/// Which checks there are.
pub(super) fn list(out: &Output) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Listed {
        check: &'static str,
        expected: &'static str,
    }
    if out.is_json() {
        let all = ALL.iter().map(|one| Listed { check: one.id, expected: one.expected });
        return out.json(&all.collect::<Vec<_>>());
    }
    let mut table = Table::new(vec![Column::whole("CHECK"), Column::text("EXPECTED", 20)]);
    ALL.iter().for_each(|one| table.push(vec![Cell::new(one.id), Cell::new(one.expected)]));
    Ok(out.table(&table)?)
}

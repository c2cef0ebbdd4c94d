//! What a demo shows: on a terminal bars and workers that change in place below the events,
//! elsewhere the events, to a program one document.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;
use windlass::{Job, JobRecord, State};

use super::check::Check;
use super::event::{COPIED, Ends, KINDS};
use super::job::{FileCopy, FileWords, Report, SLOTS};
use super::progress::{failures, is_of, running};
use super::worker::WorkerProcess;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::glyph::Glyphs;
use crate::output::time::{number, span};

const BAR_WIDTH: usize = 30;

/// Where a demo is shown.
#[derive(Debug)]
pub(super) struct View<'a> {
    out: &'a Output,
    /// What changes in place; hidden where stderr is not a terminal.
    live: ProgressBar,
    began_at: Instant,
    /// Failures that were told: one of each kind of job.
    told: BTreeSet<String>,
}

impl<'a> View<'a> {
    pub(super) fn new(out: &'a Output) -> anyhow::Result<Self> {
        let live = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if out.is_json() {
            live.set_draw_target(ProgressDrawTarget::hidden());
        }
        live.set_style(ProgressStyle::with_template("{msg}")?);
        Ok(Self { out, live, began_at: Instant::now(), told: BTreeSet::new() })
    }

    /// Says where it works and on what.
    pub(super) fn title(&self, store: &str, files: &str) {
        let (title, dot) = (self.paint(Tone::Strong, "windlass demo"), self.out.glyphs().dot());
        let plan = format!("{files} {dot} 2 workers of {SLOTS} slots {dot} one will be killed");
        self.line(&format!("\n  {title}  {}\n  {plan}", self.paint(Tone::Dim, store)));
        self.line("");
    }

    /// Tells of an event.
    pub(super) fn event(&self, tone: Tone, text: &str) {
        let at = format!("{:>5.1}s", self.began_at.elapsed().as_secs_f64());
        self.line(&format!("{}  {}", self.paint(Tone::Dim, &at), self.paint(tone, text)));
    }

    /// Shows how far the jobs are.
    pub(super) fn progress(
        &mut self,
        jobs: &[JobRecord],
        told: &[JobRecord],
        workers: &[WorkerProcess],
    ) {
        self.tell_of_failures(jobs);
        self.tell_of_failures(told);
        let of = |kind: &str| jobs.iter().filter(|job| job.kind == kind).collect::<Vec<_>>();
        let mut kinds: Vec<String> = [FileWords::KIND, FileCopy::KIND, Report::KIND]
            // The report is enqueued when the others have ended.
            .map(|kind| self.bar(kind, &of(kind), 1))
            .into();
        kinds.push(self.bar(COPIED, &told.iter().collect::<Vec<_>>(), KINDS.len()));
        let workers: Vec<String> = workers.iter().map(|it| self.worker(it, jobs)).collect();
        self.live.set_message(format!("\n{}\n\n{}", kinds.join("\n"), workers.join("\n")));
    }

    /// Tells, once, how the jobs of the event have ended.
    pub(super) fn told(&mut self, ends: Ends) {
        if self.told.insert(COPIED.to_owned()) {
            let text = format!(
                "its {} jobs ended each on its own: {} completed, {} dead",
                ends.jobs, ends.completed, ends.dead
            );
            self.event(Tone::Good, &text);
        }
    }

    /// Tells of the first retry and of the dead job.
    fn tell_of_failures(&mut self, jobs: &[JobRecord]) {
        for job in jobs.iter().filter(|job| failures(job) > 0) {
            let is_dead = job.state == State::Dead;
            let what = if is_dead { "is dead" } else { "failed and is tried again" };
            if self.told.insert(format!("{} {what}", job.kind)) {
                let error = job.history.iter().find_map(|attempt| attempt.error.as_deref());
                let text = format!("{} {what}: {}", job.kind, error.unwrap_or_default());
                self.event(Tone::Attention, &text);
            }
        }
    }

    /// How far these jobs are, of which there are so many at least.
    fn bar(&self, name: &str, jobs: &[&JobRecord], least: usize) -> String {
        let total = jobs.len().max(least);
        let done = jobs.iter().filter(|job| job.state.is_terminal()).count();
        let dead = jobs.iter().filter(|job| job.state == State::Dead).count();
        let remark = match (dead, jobs.iter().copied().map(failures).sum()) {
            (0, 0) => String::new(),
            (0, failed) => format!("{failed} failed, tried again"),
            (dead, _) => format!("{dead} dead"),
        };
        let (full, empty) = match self.out.glyphs() {
            Glyphs::Unicode => ("━", "─"),
            Glyphs::Ascii => ("=", "-"),
        };
        let width = BAR_WIDTH * done / total;
        let tone = if done == total { Tone::Good } else { Tone::Busy };
        let full = self.paint(tone, &full.repeat(width));
        let empty = self.paint(Tone::Dim, &empty.repeat(BAR_WIDTH - width));
        let remark = self.paint(Tone::Attention, &remark);
        format!("  {name:<13} {full}{empty} {done:>3}/{total:<3}  {remark}")
    }

    fn worker(&self, worker: &WorkerProcess, jobs: &[JobRecord]) -> String {
        let glyph = |state| self.out.glyphs().state(state).0;
        let busy = running(jobs, worker.pid).min(SLOTS);
        let slots = if worker.killed {
            self.paint(Tone::Bad, &glyph(State::Dead).repeat(SLOTS))
        } else {
            let free = self.paint(Tone::Dim, &glyph(State::Scheduled).repeat(SLOTS - busy));
            self.paint(Tone::Busy, &glyph(State::Running).repeat(busy)) + &free
        };
        let ended = jobs.iter().filter(|job| job.state.is_terminal());
        let done = ended.filter(|job| is_of(worker.pid, job.worker.as_deref())).count();
        let remark = if worker.killed { self.paint(Tone::Bad, "killed") } else { String::new() };
        let pid = self.paint(Tone::Dim, &format!("pid {:<7}", worker.pid));
        format!("  worker {}      {slots}  {pid} {done:>3} done  {remark}", worker.number)
    }

    /// Leaves what changes in place as it is.
    pub(super) fn end(&self) {
        if !self.live.is_hidden() && !self.live.is_finished() {
            self.live.abandon();
            self.out.aside("\n");
        }
    }

    /// Prints the accounts on stdout.
    pub(super) fn check(&self, check: &Check) -> anyhow::Result<()> {
        self.end();
        if self.out.is_json() {
            return self.out.json(&Document::new("demo.v1", check));
        }
        let glyphs = self.out.glyphs();
        let paint = |tone, text: &str| self.out.palette().paint(tone, text);
        let verdict = if check.agrees {
            paint(Tone::Good, &format!("{} nothing was lost", glyphs.good()))
        } else {
            paint(Tone::Bad, &format!("{} the accounts do not agree", glyphs.bad()))
        };
        let took = paint(Tone::Dim, &format!("in {}", span(Duration::from_millis(check.took_ms))));
        let mut text = format!("\n  {verdict} {took}\n\n");
        let (failures, losses) = (check.attempts_after_failures, check.attempts_after_losses);
        let attempts =
            format!("{} first, {failures} after failures, {losses} after the kill", check.enqueued);
        let rescue = check.rescue_ms.map(|ms| span(Duration::from_millis(ms)));
        let rescued = match check.held_at_kill {
            Some(_) => "from the kill to the last job taken back",
            None => "too few jobs to kill a worker",
        };
        let Ends { completed, dead, .. } = check.event;
        let of_event = format!(
            "each on its own: {completed} completed, {dead} dead, which is poisoned on purpose"
        );
        let count = |value: usize| number(value as u64);
        for (name, value, remark) in [
            ("enqueued", count(check.enqueued), ""),
            ("completed", count(check.completed), "each output computed again here, and equal"),
            ("dead", count(check.dead), "on purpose: its file does not exist"),
            ("unfinished", count(check.unfinished), ""),
            ("lost", count(check.lost), ""),
            ("of one event", count(check.event.jobs), &of_event),
            ("attempts", count(check.attempts), &attempts),
            ("taken back", count(losses), "all of them jobs of the killed worker"),
            ("rescue", rescue.unwrap_or_else(|| glyphs.nothing().to_owned()), rescued),
        ] {
            let row = format!("    {name:<13}{value:>8}  {}", paint(Tone::Dim, remark));
            text += &format!("{}\n", row.trim_end());
        }
        for wrong in check.wrong.iter().take(10) {
            text += &format!("  {} {wrong}\n", paint(Tone::Bad, glyphs.bad()));
        }
        let often = check.totals.often.iter().map(|(word, times)| format!("{word} ({times})"));
        let often = often.collect::<Vec<String>>().join(", ");
        text +=
            &format!("\n  The report: {} words, most often {often}.\n", number(check.totals.words));
        Ok(self.out.line(&text)?)
    }

    /// Says how to look around while the workers go on.
    pub(super) fn kept(&self, store: &str, folder: &Path) {
        self.out.aside(&format!(
            "  The workers run until Ctrl-C, {} stays. In another terminal:\n
    export WINDLASS_STORE={store}\n    windlass status\n    windlass job list state:dead\n\n",
            folder.display()
        ));
    }

    fn line(&self, line: &str) {
        if !self.live.is_hidden() {
            self.live.println(line);
        } else if !self.out.is_json() {
            self.out.aside(&format!("{line}\n"));
        }
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        self.out.asides().paint(tone, text)
    }
}

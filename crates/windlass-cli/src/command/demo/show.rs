//! What a demo shows: bars and workers that move on a terminal, a line now and then elsewhere,
//! one document for a program.

mod live;
mod words;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;
use windlass::Job;

use super::DemoStore;
use super::kinds::{KINDS, Report, SLOTS, Sync, Work};
use super::material::Material;
use super::proof::{Checked, Rescue};
use super::stage::Progress;
use crate::command::Globals;
use crate::output::color::{Palette, Tone};
use crate::output::document::Document;
use crate::output::glyph::Glyphs;
use crate::output::time::{count, span};
use live::Live;

/// How often a line tells how far it has come, where nothing moves.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// Where a demo is shown.
#[derive(Debug)]
pub(super) struct Show {
    screen: Screen,
    palette: Palette,
    /// The colours of the summary.
    printed: Palette,
    glyphs: Glyphs,
    /// How many jobs there are of each kind, in the order of [`KINDS`].
    totals: Vec<usize>,
    began: Instant,
    told_at: Instant,
    workers: Vec<Shown>,
}

#[derive(Debug)]
enum Screen {
    Live(Live),
    Lines,
    Document,
}

/// A worker as it is shown.
#[derive(Debug)]
struct Shown {
    pid: u32,
    /// What is said of it once it is dead.
    killed: Option<String>,
}

impl Show {
    pub(super) fn new(
        globals: &Globals,
        material: &Material,
        work: &Work,
        place: &DemoStore,
    ) -> Self {
        let terminal = io::stderr().is_terminal();
        let (palette, printed) = (globals.out.asides(), globals.out.palette());
        let glyphs = Glyphs::of_locale();
        let screen = match (globals.json, terminal) {
            (true, _) => Screen::Document,
            (false, true) => Screen::Live(Live::new()),
            (false, false) => Screen::Lines,
        };
        let totals = KINDS.iter().map(|kind| work.of_kind(kind)).collect();
        let now = Instant::now();
        let show = Self {
            screen,
            palette,
            printed,
            glyphs,
            totals,
            began: now,
            told_at: now,
            workers: Vec::new(),
        };
        let dot = glyphs.dot();
        let title = format!(
            "{}  {}",
            show.paint(Tone::Strong, "windlass demo"),
            show.paint(Tone::Dim, &place.shown())
        );
        let plan = format!(
            "{} on {} {} {dot} 2 workers of {SLOTS} slots {dot} one will be killed",
            count(work.len() as u64, "job"),
            material.files,
            material.what,
        );
        show.head(&["", &title, &plan, ""]);
        show
    }

    fn paint(&self, tone: Tone, text: &str) -> String {
        self.palette.paint(tone, text)
    }

    fn head(&self, lines: &[&str]) {
        match &self.screen {
            Screen::Document => {}
            Screen::Live(_) | Screen::Lines => {
                for line in lines {
                    let line = if line.is_empty() { String::new() } else { format!("  {line}") };
                    // A demo that nobody watches still ends with its exit code.
                    let _ = writeln!(io::stderr(), "{line}");
                }
            }
        }
    }

    pub(super) fn enqueued(&mut self, jobs: usize, took: Duration) {
        self.began = Instant::now();
        if let Screen::Live(live) = &mut self.screen {
            live.begin(KINDS.len());
        }
        self.story(&format!(
            "{} were enqueued in one transaction, in {}",
            count(jobs as u64, "job"),
            span(took)
        ));
    }

    pub(super) fn worker(&mut self, pid: u32) {
        self.workers.push(Shown { pid, killed: None });
        if let Screen::Live(live) = &mut self.screen {
            live.worker();
        }
    }

    pub(super) fn killed(&mut self, rescue: &Rescue, pid: u32) {
        let jobs = count(rescue.held, "job");
        if let Some(shown) = self.workers.get_mut(rescue.number) {
            shown.killed = Some(format!("killed with {jobs} in hand"));
        }
        let text = format!(
            "worker {} was killed with SIGKILL, holding {jobs} (pid {pid})",
            rescue.number + 1
        );
        self.story(&self.paint(Tone::Bad, &text));
    }

    pub(super) fn rescued(&mut self, by: usize, rescue: &Rescue) {
        let after = rescue.after.unwrap_or_default();
        let jobs = count(rescue.taken_back, "job");
        let text = format!("worker {} noticed: {jobs} taken back after {}", by + 1, span(after));
        self.story(&self.paint(Tone::Good, &text));
    }

    /// Adds to the story.
    pub(super) fn story(&mut self, text: &str) {
        let at = self.paint(Tone::Dim, &format!("{:>5.1}s", self.began.elapsed().as_secs_f64()));
        let line = format!("  {at}  {text}");
        match &mut self.screen {
            Screen::Live(live) => live.story(line),
            Screen::Lines => self.head(&[line.trim_start()]),
            Screen::Document => {}
        }
    }

    /// Shows how things stand.
    pub(super) fn stage(&mut self, stage: &Progress, labels: &[Option<String>]) {
        match &self.screen {
            Screen::Live(live) => {
                for (nth, kind) in KINDS.iter().enumerate() {
                    live.set_kind(nth, self.kind_line(nth, kind, stage));
                }
                for (number, worker) in self.workers.iter().enumerate() {
                    let label = labels.get(number).and_then(Option::as_deref);
                    live.set_worker(number, self.worker_line(number, worker, label, stage));
                }
            }
            Screen::Lines if self.told_at.elapsed() >= TELL_EVERY => {
                self.told_at = Instant::now();
                let total: usize = self.totals.iter().sum();
                self.story(&format!("{} of {total} jobs have ended", stage.ended));
            }
            Screen::Lines | Screen::Document => {}
        }
    }

    fn kind_line(&self, nth: usize, kind: &str, stage: &Progress) -> String {
        let (of_kind, total) =
            (stage.kind(kind), self.totals.get(nth).copied().unwrap_or_default());
        let ended = of_kind.completed + of_kind.dead;
        let remark = match (kind, of_kind.failures, of_kind.dead) {
            (Report::KIND, ..) if ended == 0 => self.paint(Tone::Dim, "after the others"),
            (Sync::KIND, failures @ 1.., _) => {
                self.paint(Tone::Attention, &format!("{failures} failed, tried again"))
            }
            (_, _, dead @ 1..) => self.paint(Tone::Attention, &format!("{dead} dead on purpose")),
            _ => String::new(),
        };
        let bar = self.bar(ended, total);
        format!("  {kind:<13} {bar} {ended:>3}/{total:<3}  {remark}")
    }

    fn bar(&self, done: usize, total: usize) -> String {
        const WIDTH: usize = 30;
        let full = (WIDTH * done).checked_div(total).unwrap_or(0);
        let (much, little) = match self.glyphs {
            Glyphs::Unicode => ("━", "─"),
            Glyphs::Ascii => ("=", "-"),
        };
        let tone = if done == total { Tone::Good } else { Tone::Busy };
        let (much, little) = (much.repeat(full), little.repeat(WIDTH - full));
        format!("{}{}", self.paint(tone, &much), self.paint(Tone::Dim, &little))
    }

    fn worker_line(
        &self,
        number: usize,
        worker: &Shown,
        label: Option<&str>,
        stage: &Progress,
    ) -> String {
        let done = label.and_then(|label| stage.done_by.get(label)).copied().unwrap_or(0);
        let held = usize::try_from(stage.held_by(worker.pid)).unwrap_or(SLOTS).min(SLOTS);
        let (busy, free) = match self.glyphs {
            Glyphs::Unicode => ("●", "○"),
            Glyphs::Ascii => ("#", "."),
        };
        let slots = if worker.killed.is_some() {
            self.paint(Tone::Bad, &self.glyphs.bad().repeat(SLOTS))
        } else {
            let (busy, free) = (busy.repeat(held), free.repeat(SLOTS - held));
            format!("{}{}", self.paint(Tone::Busy, &busy), self.paint(Tone::Dim, &free))
        };
        let pid = self.paint(Tone::Dim, &format!("pid {:<7}", worker.pid));
        let remark =
            worker.killed.as_ref().map_or(String::new(), |text| self.paint(Tone::Bad, text));
        format!("  worker {}      {slots}  {pid} {done:>3} done  {remark}", number + 1)
    }

    /// Prints the accounting on stdout.
    pub(super) fn summary(&self, curtain: &Checked) -> anyhow::Result<()> {
        self.end();
        let mut stdout = io::stdout().lock();
        match &self.screen {
            Screen::Document => {
                let document = Document::new("demo.v1", words::body(curtain));
                writeln!(stdout, "{}", serde_json::to_string_pretty(&document)?)?;
            }
            Screen::Live(_) | Screen::Lines => {
                stdout.write_all(words::summary(curtain, self.printed, self.glyphs).as_bytes())?;
            }
        }
        Ok(())
    }

    fn end(&self) {
        if let Screen::Live(live) = &self.screen {
            live.end();
            // The last line was left open.
            self.head(&[""]);
        }
    }

    pub(super) fn broken_off(&self) {
        self.end();
        self.head(&["", "ending the workers"]);
    }

    pub(super) fn kept(&self, url: &str, folder: &Path) -> anyhow::Result<()> {
        if matches!(self.screen, Screen::Document) {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "  The workers go on until Ctrl-C. Meanwhile, in another terminal:\n")?;
        for command in ["status", "job list", "job list state:dead", "worker list"] {
            writeln!(stdout, "    windlass --store {url} {command}")?;
        }
        writeln!(stdout, "\n  Kept in {}\n", folder.display())?;
        Ok(())
    }
}

//! A key and a state: another state, and what is to be done.

use windlass::job::{Field, Filter, WorkerPattern};
use windlass::{JobId, State};

use super::cursor::Step;
use super::dialog::{Change, Dialog, Input};
use super::key::Key;
use super::page::Page;
use super::{Model, Pane, Wish};
use crate::command::top::picture::{About, jobs_of};
use crate::output::color::Tone;

impl Model {
    /// What a key does.
    pub(in crate::command::top) fn press(&mut self, key: Key) -> Wish {
        self.said = None;
        match (key, self.dialog.take()) {
            (Key::Interrupt, _) => Wish::End,
            (Key::Stop, dialog) => {
                self.dialog = dialog;
                Wish::Stop
            }
            (_, Some(Dialog::Help)) => Wish::Nothing,
            (key, Some(Dialog::Ask(change))) => self.answer(key, change),
            (key, Some(Dialog::Filter(input))) => self.type_in(key, input),
            (key, None) => self.press_page(key),
        }
    }

    fn answer(&mut self, key: Key, change: Change) -> Wish {
        match key {
            Key::Char('y' | 'Y') => Wish::Change(change),
            Key::Char('n' | 'N' | 'q') | Key::Esc | Key::Enter => {
                self.say(Tone::Dim, "nothing was changed");
                Wish::Nothing
            }
            _ => {
                self.dialog = Some(Dialog::Ask(change));
                Wish::Nothing
            }
        }
    }

    fn type_in(&mut self, key: Key, mut input: Input) -> Wish {
        match key {
            Key::Esc => return Wish::Nothing,
            Key::Enter => match input.text.parse::<Filter>() {
                Ok(filter) => return self.narrow(filter),
                Err(error) => input.error = Some(error.to_string()),
            },
            Key::Backspace => input.pop(),
            Key::Clear => input.clear(),
            Key::Char(c) => input.push(c),
            _ => {}
        }
        self.dialog = Some(Dialog::Filter(input));
        Wish::Nothing
    }

    fn narrow(&mut self, filter: Filter) -> Wish {
        match self.pages.last_mut() {
            Some(Page::Jobs(page)) => page.narrow(filter),
            _ => self.filter = filter,
        }
        Wish::Look
    }

    fn press_page(&mut self, key: Key) -> Wish {
        let page = self.rows.saturating_sub(1).max(1);
        match key {
            Key::Char('q') => return Wish::End,
            Key::Esc => return self.leave(),
            Key::Char('?') => self.dialog = Some(Dialog::Help),
            Key::Char('/') => self.begin_filter(),
            Key::Up | Key::Char('k') => self.go(Step::Up(1)),
            Key::Down | Key::Char('j') => self.go(Step::Down(1)),
            Key::PageUp => self.go(Step::Up(page)),
            Key::PageDown | Key::Char(' ') => self.go(Step::Down(page)),
            Key::Home | Key::Char('g') => self.go(Step::First),
            Key::End | Key::Char('G') => self.go(Step::Last),
            Key::Tab => self.turn(1),
            Key::BackTab => self.turn(Pane::ALL.len() - 1),
            Key::Enter => return self.open(),
            Key::Char('p') => self.ask_pause(),
            Key::Char('r') => self.ask_retry(),
            _ => {}
        }
        Wish::Nothing
    }

    /// Leaves what is above: a page, then what narrows the first one, then all.
    fn leave(&mut self) -> Wish {
        if self.pages.pop().is_some() {
            return Wish::Look;
        }
        if self.filter.terms.is_empty() {
            return Wish::End;
        }
        self.filter = Filter::default();
        Wish::Look
    }

    /// A filter is typed where the last one ended.
    fn begin_filter(&mut self) {
        let filter = match self.pages.last() {
            None => &self.filter,
            Some(Page::Jobs(page)) => &page.more,
            Some(Page::Job(_)) => {
                return self
                    .say(Tone::Attention, "a filter narrows lists: leave this job with esc");
            }
        };
        let text = filter.to_string();
        self.dialog = Some(Dialog::Filter(Input { text, error: None }));
    }

    fn go(&mut self, step: Step) {
        match self.pages.last_mut() {
            None => {
                let keys = self.keys(self.focus);
                self.cursors[self.focus.place()].step(step, &keys);
            }
            Some(Page::Jobs(page)) => {
                let keys = page.keys();
                page.cursor.step(step, &keys);
            }
            Some(Page::Job(page)) => {
                page.scrolled = match step {
                    Step::Up(rows) => page.scrolled.saturating_sub(rows),
                    Step::Down(rows) => page.scrolled.saturating_add(rows),
                    Step::First => 0,
                    Step::Last => usize::MAX,
                }
            }
        }
    }

    fn turn(&mut self, by: usize) {
        if self.pages.is_empty() {
            self.focus = Pane::ALL[(self.focus.place() + by) % Pane::ALL.len()];
        }
    }

    fn open(&mut self) -> Wish {
        let opened = match self.pages.last() {
            None => self.leads_to().map(|(about, queue)| page_of(&about, queue)),
            Some(Page::Jobs(page)) => page.selected().map(|job| Some(Page::job(job.id))),
            Some(Page::Job(_)) => return Wish::Nothing,
        };
        match opened {
            None => Wish::Nothing,
            Some(None) => {
                self.say(Tone::Attention, "there is nothing to open here");
                Wish::Nothing
            }
            Some(Some(page)) => {
                self.pages.push(page);
                Wish::Look
            }
        }
    }

    /// What the selected row of the first page leads to, and the queue that it is.
    fn leads_to(&self) -> Option<(About, Option<String>)> {
        let picture = self.picture.as_ref()?;
        let at = self.cursor(self.focus).at();
        Some(match self.focus {
            Pane::Problems => (picture.problems.get(at)?.about.clone(), None),
            Pane::Queues => {
                let name = &picture.queues.get(at)?.record.name;
                (About::Jobs(jobs_of(Field::Queue(vec![name.clone()]), &[])), Some(name.clone()))
            }
            Pane::Running => (About::Job(picture.running.get(at)?.job), None),
            Pane::Workers => {
                let worker = Field::Worker(vec![WorkerPattern::Id(picture.workers.get(at)?.id)]);
                (About::Jobs(jobs_of(worker, &[State::Running])), None)
            }
        })
    }

    fn ask_pause(&mut self) {
        let name = match (self.pages.last(), self.focus) {
            (None, Pane::Queues) => self.leads_to().and_then(|(_, queue)| queue),
            (Some(Page::Jobs(page)), _) => page.queue.clone(),
            _ => None,
        };
        let Some(name) = name else {
            return self.say(Tone::Attention, "p pauses a queue: select one, or open its jobs");
        };
        let queues = self.picture.iter().flat_map(|picture| &picture.queues);
        let mut paused = queues.filter(|queue| queue.record.paused_at.is_some());
        let change = match paused.any(|queue| queue.record.name == name) {
            true => Change::Resume(name),
            false => Change::Pause(name),
        };
        self.dialog = Some(Dialog::Ask(change));
    }

    fn ask_retry(&mut self) {
        match self.to_retry() {
            Some((id, State::Dead)) => self.dialog = Some(Dialog::Ask(Change::Retry(id))),
            Some((_, state)) => {
                let what = format!("r retries a dead job, and this one is {state}");
                self.say(Tone::Attention, what);
            }
            None => self.say(Tone::Attention, "r retries a dead job: select one"),
        }
    }

    /// The job that is selected, and how it stands.
    fn to_retry(&self) -> Option<(JobId, State)> {
        match self.pages.last() {
            Some(Page::Job(page)) => page.state().map(|state| (page.id, state)),
            Some(Page::Jobs(page)) => page.selected().map(|job| (job.id, job.state)),
            None => match (self.leads_to()?.0, self.focus) {
                (About::DeadJob(id), _) => Some((id, State::Dead)),
                (About::Job(id), Pane::Running) => Some((id, State::Running)),
                _ => None,
            },
        }
    }
}

fn page_of(about: &About, queue: Option<String>) -> Option<Page> {
    match about {
        About::Job(id) | About::DeadJob(id) => Some(Page::job(*id)),
        About::Jobs(filter) => Some(Page::jobs(filter.clone(), queue)),
        About::Nothing => None,
    }
}

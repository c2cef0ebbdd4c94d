//! The loop: keys, looks, changes and signals, of which each is a step of the model.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream};
use futures_util::StreamExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};
use windlass::health::Thresholds;
use windlass::{Client, Timestamp};

use super::act::{self, Said};
use super::draw::{Ink, draw};
use super::keys;
use super::look::Look;
use super::model::{Change, Model, Wish};
use super::screen::Screen;
use crate::exit::Exit;
use crate::output::Output;
use crate::output::color::Tone;

/// A look that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the ages of things are drawn again between two looks.
const CLOCK: Duration = Duration::from_secs(1);

/// What is being waited for, one of each at a time.
type Pending<'a, T> = Option<Pin<Box<dyn Future<Output = T> + 'a>>>;

/// What has happened.
enum Event {
    Key(io::Result<TerminalEvent>),
    /// The terminal is gone, or a signal ends it.
    End,
    /// As the shell's Ctrl-Z asks.
    Stop,
    Looked(Box<Result<Look, String>>),
    Changed(Said),
    /// It is time for a look.
    Due,
    Clock,
}

/// Draws until it is ended.
pub(super) async fn run(
    (client, thresholds): (Client, Thresholds),
    mut model: Model,
    (every, out): (Duration, &Output),
) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen()?;
    let mut waiting = Waiting::new((&client, &thresholds), out);
    let mut screen = Screen::take()?;
    let mut terminal = EventStream::new();
    let ink = Ink::of(out);
    loop {
        model.tick(Timestamp::wall_clock());
        let mut fit = None;
        screen.draw(|frame| fit = Some(draw(frame, &model, ink)))?;
        model.fit(fit.unwrap_or_default());
        match waiting.next(&mut signals, &mut terminal).await {
            Event::End => break,
            Event::Stop => screen.stop()?,
            Event::Clock => {}
            Event::Due => waiting.look(&model),
            Event::Looked(result) => {
                waiting.looked(every);
                match *result {
                    Ok(look) => model.saw(look, &thresholds),
                    Err(why) => model.failed(why),
                }
            }
            Event::Changed((tone, what)) => {
                waiting.change = None;
                model.say(tone, what);
                waiting.look(&model);
            }
            Event::Key(event) => {
                let Some(key) = keys::of(&event?) else { continue };
                match model.press(key) {
                    Wish::End => break,
                    Wish::Nothing => {}
                    Wish::Look => waiting.look(&model),
                    Wish::Stop => screen.stop()?,
                    Wish::Change(_) if waiting.change.is_some() => {
                        model.say(Tone::Attention, "the last change has not ended yet");
                    }
                    Wish::Change(change) => waiting.change(change),
                }
            }
        }
    }
    Ok(Exit::Done)
}

/// A look, a change and the time of the next look.
struct Waiting<'a> {
    from: (&'a Client, &'a Thresholds),
    out: &'a Output,
    look: Pending<'a, Result<Look, String>>,
    began_at: Instant,
    due_at: Instant,
    change: Pending<'a, Said>,
    clock: Interval,
}

impl<'a> Waiting<'a> {
    fn new(from: (&'a Client, &'a Thresholds), out: &'a Output) -> Self {
        let mut clock = interval(CLOCK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let now = Instant::now();
        Self { from, out, look: None, began_at: now, due_at: now, change: None, clock }
    }

    async fn next(&mut self, signals: &mut Signals, terminal: &mut EventStream) -> Event {
        let is_looking = self.look.is_some();
        tokio::select! {
            biased;
            event = signals.next() => event,
            event = terminal.next() => event.map_or(Event::End, Event::Key),
            said = pending(&mut self.change) => Event::Changed(said),
            look = pending(&mut self.look) => Event::Looked(Box::new(look)),
            () = sleep_until(self.due_at), if !is_looking => Event::Due,
            _ = self.clock.tick() => Event::Clock,
        }
    }

    /// Begins a look. One that goes on asks what is not asked any more: it is dropped.
    fn look(&mut self, model: &Model) {
        let (from, question) = (self.from, model.question());
        let out = self.out.drawn(Timestamp::wall_clock());
        self.began_at = Instant::now();
        self.look = Some(Box::pin(async move {
            match timeout(PATIENCE, Look::at(from, question, &out)).await {
                Ok(look) => look.map_err(|error| error.to_string()),
                Err(_) => Err(format!("it has not answered for {} s", PATIENCE.as_secs())),
            }
        }));
    }

    /// The next look is due after the interval, and no sooner than this one took: a store that is slow is asked for half of the
    /// time at most.
    fn looked(&mut self, every: Duration) {
        self.look = None;
        let took = self.began_at.elapsed();
        self.due_at = (self.began_at + every).max(Instant::now() + took.min(PATIENCE));
    }

    /// Begins a change.
    fn change(&mut self, change: Change) {
        let store = self.from.0.store().clone();
        self.change = Some(Box::pin(act::change(store, change)));
    }
}

async fn pending<T>(what: &mut Pending<'_, T>) -> T {
    match what {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// Signals that would end the process with the terminal in its hands.
struct Signals {
    ends: [Signal; 4],
    stop: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            ends: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::quit())?,
            ],
            stop: signal(SignalKind::from_raw(libc::SIGTSTP))?,
        })
    }

    async fn next(&mut self) -> Event {
        let [term, int, hup, quit] = &mut self.ends;
        tokio::select! {
            _ = term.recv() => Event::End,
            _ = int.recv() => Event::End,
            _ = hup.recv() => Event::End,
            _ = quit.recv() => Event::End,
            _ = self.stop.recv() => Event::Stop,
        }
    }
}

//! When the leader feeds the subscriptions: as long as there is something, for a while after that, and then when somebody who has
//! published says so. No I/O.

use std::time::Duration;

use tokio::time::Instant;

use super::maintenance::Duty;
use crate::subscription::Fed;

/// The waits before the looks that follow one which found something. Who publishes again within them tells nobody: telling makes
/// those who commit at the same moment wait for each other.
const WAITS: [Duration; 4] = [
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(15),
    Duration::from_millis(40),
];

/// How often it asks again while a transaction is open that may have published. Then a sweep says what came.
const ASKED: usize = 20;
const ASK_AGAIN: Duration = Duration::from_millis(40);

/// The waits before the looks for room, where somebody has none: his jobs end without a word.
const ROOM_WAITS: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
];

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A look; so many before it have found nothing.
    Looking(usize),
    /// Asking to be told; so many times before it somebody was about to publish unseen.
    Asking(usize),
    /// A look for what came while it asked.
    LastLook,
    /// A look for room; so many before it have found none.
    LookingForRoom(usize),
    /// Nothing, until it is told.
    Asleep,
}

/// When to feed next.
#[derive(Debug)]
pub(super) struct Feeding {
    step: Step,
    at: Instant,
    /// After a failure not before this.
    again: Instant,
    is_under_way: bool,
    /// When events have waited long enough for others.
    window_at: Option<Instant>,
    /// Told while a call was under way.
    is_told: bool,
}

impl Feeding {
    pub(super) fn new(now: Instant) -> Self {
        let (step, window_at) = (Step::Asleep, None);
        Self { step, at: now, again: now, is_under_way: false, window_at, is_told: false }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        if self.is_under_way {
            return None;
        }
        let step_at = (self.step != Step::Asleep).then_some(self.at);
        step_at.into_iter().chain(self.window_at).min().map(|at| at.max(self.again))
    }

    /// What to send now; it is then under way.
    pub(super) fn due(&mut self, now: Instant) -> Option<Duty> {
        self.next().filter(|at| *at <= now)?;
        (self.is_under_way, self.is_told) = (true, false);
        if self.window_at.take_if(|at| *at <= now).is_some() {
            self.step = if self.step == Step::Asleep { Step::LastLook } else { self.step };
            return Some(Duty::Feed);
        }
        Some(if matches!(self.step, Step::Asking(_)) { Duty::AwaitEvents } else { Duty::Feed })
    }

    /// There may be something.
    pub(super) fn told(&mut self, now: Instant) {
        (self.step, self.at, self.is_told) = (Step::Looking(0), now, true);
    }

    /// A sweep says that there may be something: it is looked at once, since it may be that of somebody who has no room.
    pub(super) fn swept(&mut self, now: Instant) {
        if self.step == Step::Asleep {
            self.begin(now);
        }
    }

    /// This worker leads from now on: whether anybody is told of the next event is not known.
    pub(super) fn begin(&mut self, now: Instant) {
        (self.step, self.at) = (Step::Looking(WAITS.len()), now);
    }

    /// What came of a look.
    pub(super) fn fed(&mut self, fed: &Fed, now: Instant) {
        self.is_under_way = false;
        self.window_at = fed.due_in.map(|wait| now + wait);
        if std::mem::take(&mut self.is_told) || fed.is_behind {
            (self.step, self.at) = (Step::Looking(0), now);
            return;
        }
        self.step = match self.step {
            Step::Looking(empty) if empty < WAITS.len() => {
                self.at = now + WAITS[empty];
                Step::Looking(empty + 1)
            }
            Step::Looking(_) => Step::Asking(0),
            asking @ Step::Asking(_) => asking,
            Step::LastLook => self.wait_for_room(fed, 0, now),
            Step::LookingForRoom(empty) => self.wait_for_room(fed, empty, now),
            Step::Asleep => Step::Asleep,
        };
    }

    /// Where nobody waits for room, or none came for long, it sleeps: a sweep has it look again.
    fn wait_for_room(&mut self, fed: &Fed, empty: usize, now: Instant) -> Step {
        match ROOM_WAITS.get(empty) {
            Some(wait) if fed.is_held => {
                self.at = now + *wait;
                Step::LookingForRoom(empty + 1)
            }
            _ => Step::Asleep,
        }
    }

    /// It will be told, except by those who have begun to publish before.
    pub(super) fn awaits_events(&mut self, is_open: bool, now: Instant) {
        self.is_under_way = false;
        self.step = match self.step {
            Step::Asking(asked) if is_open && asked < ASKED => {
                self.at = now + ASK_AGAIN;
                Step::Asking(asked + 1)
            }
            Step::Asking(_) => Step::LastLook,
            told => told,
        };
    }

    pub(super) fn failed(&mut self, again_at: Instant) {
        self.is_under_way = false;
        self.again = again_at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Fed =
        Fed { sequenced: 0, routed: 0, jobs: 0, is_behind: false, is_held: false, due_in: None };
    const SOMETHING: Fed = Fed { routed: 1, is_behind: true, ..NOTHING };
    const HELD: Fed = Fed { is_held: true, ..NOTHING };

    /// What it sends from a moment on, each answered at once, until it sleeps.
    fn sent(feeding: &mut Feeding, mut now: Instant, answers: &[Fed]) -> Vec<Duty> {
        let mut sent = Vec::new();
        let mut answers = answers.iter();
        while let Some(at) = feeding.next() {
            now = now.max(at);
            let duty = feeding.due(now).expect("it is due");
            sent.push(duty);
            match duty {
                Duty::AwaitEvents => feeding.awaits_events(false, now),
                _ => feeding.fed(answers.next().unwrap_or(&NOTHING), now),
            }
        }
        sent
    }

    #[test]
    fn it_looks_until_nothing_comes_any_more_and_asks_to_be_told() {
        let now = Instant::now();
        let mut feeding = Feeding::new(now);
        assert_eq!((feeding.next(), feeding.due(now)), (None, None));
        feeding.told(now);
        let all = sent(&mut feeding, now, &[SOMETHING, SOMETHING]);
        let looks = [Duty::Feed; 2 + WAITS.len() + 1];
        assert_eq!(all, [&looks[..], &[Duty::AwaitEvents, Duty::Feed]].concat());
        // What came while it asked.
        feeding.begin(now);
        let all = sent(&mut feeding, now, &[]);
        assert_eq!(all, [Duty::Feed, Duty::AwaitEvents, Duty::Feed]);
    }

    /// I-E5: where somebody has no room it looks for some, ever more seldom, and is told of events meanwhile.
    #[test]
    fn it_looks_for_room_where_somebody_has_none() {
        let now = Instant::now();
        let mut feeding = Feeding::new(now);
        feeding.begin(now);
        let answers = [HELD; 2 + ROOM_WAITS.len()];
        let all = sent(&mut feeding, now, &answers);
        let looks = [Duty::Feed; 1 + ROOM_WAITS.len()];
        assert_eq!(all, [&[Duty::Feed, Duty::AwaitEvents][..], &looks].concat());
        // Some has come.
        feeding.begin(now);
        let all = sent(&mut feeding, now, &[HELD, HELD, SOMETHING]);
        let looks = [Duty::Feed; 2 + 1 + WAITS.len()];
        let rest = [&looks[..], &[Duty::AwaitEvents, Duty::Feed]].concat();
        assert_eq!(all, [&[Duty::Feed, Duty::AwaitEvents][..], &rest].concat());
    }

    #[test]
    fn what_it_is_told_while_it_looks_is_not_forgotten() {
        let now = Instant::now();
        let mut feeding = Feeding::new(now);
        feeding.told(now);
        assert_eq!(feeding.due(now), Some(Duty::Feed));
        feeding.told(now);
        assert_eq!(feeding.next(), None, "one at a time");
        feeding.fed(&NOTHING, now);
        assert_eq!(feeding.due(now), Some(Duty::Feed));
    }

    /// E20: while nothing comes it sleeps until events have waited long enough, and looks then.
    #[test]
    fn it_looks_when_a_window_is_due() {
        const LATER: Duration = Duration::from_secs(60);
        let begin = Instant::now();
        let mut feeding = Feeding::new(begin);
        feeding.begin(begin);
        assert_eq!(feeding.due(begin), Some(Duty::Feed));
        feeding.fed(&Fed { due_in: Some(LATER), ..NOTHING }, begin);
        assert_eq!(feeding.due(begin), Some(Duty::AwaitEvents));
        feeding.awaits_events(false, begin);
        assert_eq!(feeding.due(begin), Some(Duty::Feed));
        feeding.fed(&Fed { due_in: Some(LATER), ..NOTHING }, begin);
        let due = begin + LATER;
        assert_eq!((feeding.next(), feeding.due(begin)), (Some(due), None));
        assert_eq!(feeding.due(due), Some(Duty::Feed));
        feeding.fed(&NOTHING, due);
        assert_eq!(feeding.next(), None);
    }

    /// While somebody is about to commit who saw nobody asleep, it asks again, but not for ever.
    #[test]
    fn it_sleeps_once_nobody_is_about_to_publish_unseen() {
        let mut now = Instant::now();
        let mut feeding = Feeding::new(now);
        feeding.begin(now);
        assert_eq!(feeding.due(now), Some(Duty::Feed));
        feeding.fed(&NOTHING, now);
        for _ in 0..ASKED {
            assert_eq!(feeding.due(now), Some(Duty::AwaitEvents));
            feeding.awaits_events(true, now);
            assert_eq!(feeding.next(), Some(now + ASK_AGAIN));
            now += ASK_AGAIN;
        }
        assert_eq!(feeding.due(now), Some(Duty::AwaitEvents));
        feeding.awaits_events(true, now);
        assert_eq!(feeding.due(now), Some(Duty::Feed));
        feeding.fed(&NOTHING, now);
        assert_eq!(feeding.next(), None);
    }

    #[test]
    fn what_failed_waits_for_its_back_off() {
        let now = Instant::now();
        let mut feeding = Feeding::new(now);
        feeding.told(now);
        feeding.due(now);
        let again = now + Duration::from_secs(5);
        feeding.failed(again);
        feeding.told(now);
        assert_eq!((feeding.next(), feeding.due(now)), (Some(again), None));
        assert_eq!(feeding.due(again), Some(Duty::Feed));
    }
}

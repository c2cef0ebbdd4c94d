//! Steps with lines: jobs with lanes and limits, limits that are set and removed, lanes that are opened.

use windlass_core::error::StoreError;
use windlass_core::job::{Enqueued, Fair, Lane, Limited, NewJob};
use windlass_core::limit::{Limit, LimitOn, LimitSet, SetBy};
use windlass_core::store::Now;

use super::driver::Driver;
use super::lines::{NAME, told};
use super::rules::Job;
use super::steps::{KINDS, QUEUES, said, same};
use crate::draft::job;

const LANES: [&str; 3] = ["a", "b", "c"];

impl Driver {
    /// Puts a job in line, by chance.
    pub(super) fn stand_in_line(&mut self, draft: &mut NewJob, new: &mut Job) {
        if self.random.u32(..3) == 0 {
            return;
        }
        let (meta, in_line) = (&mut draft.meta, &mut new.in_line);
        if self.random.bool() {
            let (lane, blocks) = (LANES[self.random.usize(..3)], self.random.u32(..4) > 0);
            let by = Lane::by(lane);
            meta.lane = Some(if blocks { by.block_when_dead() } else { by });
            (in_line.lane, in_line.blocks) = (Some(lane), blocks);
        } else if self.random.bool() {
            meta.fair = Some(Fair::by(["x", "y"][self.random.usize(..2)]));
        }
        if self.random.bool() {
            // All jobs of a key say a number, or none does.
            let key = [("one", Some(1)), ("one", Some(3)), ("many", None)][self.random.usize(..3)];
            let limited = Limited::by(key.0).named(NAME);
            meta.limited = Some(key.1.map_or(limited.clone(), |most| limited.running(most)));
            in_line.key = Some(key);
        }
        in_line.line = meta.line_of(&draft.kind);
    }

    pub(super) async fn line_step(&mut self) -> Result<(), String> {
        match self.random.u32(..10) {
            0..3 => self.set_limit().await,
            3..6 => self.remove_limit().await,
            6..8 => self.open_lane().await,
            _ => self.enqueue_with_lane_rule().await,
        }
    }

    fn some_target(&mut self) -> LimitOn {
        match self.random.u32(..3) {
            0 => LimitOn::Queue(QUEUES[self.random.usize(..3)].to_owned()),
            1 => LimitOn::Kind(KINDS[self.random.usize(..3)].to_owned()),
            _ => LimitOn::Key(NAME.to_owned()),
        }
    }

    async fn set_limit(&mut self) -> Result<(), String> {
        let mut limit = Limit::on(self.some_target());
        let which = self.random.u32(..4);
        if which > 0 {
            limit = limit.running(self.random.u32(1..4));
        }
        if which < 2 {
            let per = self.up_to(40) + crate::fixture::SECOND;
            limit = limit.rate(self.random.u32(1..6), per).burst(self.random.u32(1..5));
        }
        self.tell(format!("limit {}", told(&limit)));
        let now = Now::At(self.rules.now);
        let set = self.store.set_limit(&limit, SetBy::Person, None, now).await.map_err(said)?;
        self.rules.limits.set(limit);
        same("set_limit", &set, &LimitSet::Now)
    }

    async fn remove_limit(&mut self) -> Result<(), String> {
        let targets = self.rules.limits.targets();
        let on = match targets.len() {
            0 => self.some_target(),
            number => targets[self.random.usize(..number)].clone(),
        };
        self.tell(format!("no limit {on}"));
        let removed = self.store.remove_limit(&on).await.map_err(said)?;
        same("remove_limit", &removed, &self.rules.limits.remove(&on))
    }

    async fn open_lane(&mut self) -> Result<(), String> {
        let lane = LANES[self.random.usize(..3)];
        self.tell(format!("open the lane {lane}"));
        let opened = self.store.open_lane(lane).await.map_err(said)?;
        let dead = self.rules.open_lane(lane);
        match opened {
            Some(job) if dead.contains(&job) => Ok(()),
            None if dead.is_empty() => Ok(()),
            _ => Err(format!("{opened:?} kept the lane {lane}, by the rules {dead:?}")),
        }
    }

    /// A job that cancels those of another kind in its lane, or that they refuse.
    async fn enqueue_with_lane_rule(&mut self) -> Result<(), String> {
        let (lane, other) = (LANES[self.random.usize(..3)], KINDS[self.random.usize(..3)]);
        let (supersedes, by) = (self.random.bool(), Lane::by(lane));
        let by = if supersedes { by.supersedes(other) } else { by.refused_by(other) };
        let mut new = Job::new(QUEUES[self.random.usize(..3)], KINDS[self.random.usize(..3)], 0);
        let draft = job().kind(new.kind).queue(new.queue).priority(0).lane(by).done();
        (new.in_line.lane, new.in_line.line) = (Some(lane), draft.meta.line_of(new.kind));
        let rule = if supersedes { "supersedes" } else { "is refused by" };
        self.tell(format!("{} in the lane {lane} {rule} {other}", draft.id));
        let there = self.rules.in_lane(lane, other);
        let now = self.rules.now;
        let answer = self.store.enqueue(std::slice::from_ref(&draft), Now::At(now)).await;
        match answer {
            Err(StoreError::LaneRefused { job, .. }) if !supersedes && there.contains(&job) => {
                return Ok(());
            }
            Err(error) => return Err(said(error)),
            Ok(_) if !supersedes && !there.is_empty() => {
                return Err(format!("{there:?} should have refused it"));
            }
            Ok(answers) => same("enqueue", &answers, &vec![Enqueued::New(draft.id)])?,
        }
        if supersedes {
            self.rules.supersede(lane, other);
        }
        self.rules.enqueue(draft.id, new, now);
        Ok(())
    }
}

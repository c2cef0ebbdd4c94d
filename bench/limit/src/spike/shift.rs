use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use uuid::Uuid;

use super::claimed::{COMPLETED, Claimed, Ended};
use super::engine::Engine;
use super::feed::Feed;
use super::held::HeldJobs;
use super::trial::Trial;

const LOST_BATCHES: usize = 10;

/// Works through the whole queue.
pub struct Shift<'t> {
    trial: &'t Trial,
    engine: Arc<Engine>,
    feed: Feed,
    held: HeldJobs,
    dry: bool,
    tally: Tally,
}

#[derive(Default)]
pub struct Tally {
    pub completed: usize,
    pub settles: usize,
    /// Leases named by each settle, added up
    pub leases: usize,
    pub rescue: Duration,
}

impl<'t> Shift<'t> {
    pub fn new(trial: &'t Trial, engine: Arc<Engine>, feed: Feed) -> Self {
        let held = HeldJobs::new(trial.running);
        Shift { trial, engine, feed, held, dry: false, tally: Tally::default() }
    }

    pub async fn work(mut self) -> Result<Tally> {
        let mut lost = Some(self.half_settle_lost_worker().await?);
        while self.tally.completed < self.trial.jobs {
            self.claim().await?;
            let mut ended = self.held.ended(self.trial.group);
            if self.tally.completed + self.held.stragglers() == self.trial.jobs {
                ended = self.held.end_stragglers();
            }
            self.settle(ended).await?;
            if self.tally.completed >= self.trial.jobs / 2
                && let Some(lost) = lost.take()
            {
                self.rescue(lost).await?;
            }
        }
        Ok(self.tally)
    }

    async fn claim(&mut self) -> Result<()> {
        // A dry queue is not asked again while there is enough to settle.
        let window = if self.dry { self.trial.group } else { self.trial.window };
        while self.held.len() < window {
            let batch = if self.held.len() < self.trial.group {
                self.feed.next().await?
            } else {
                match self.feed.next_if_ready().await? {
                    Some(batch) => batch,
                    None => break,
                }
            };
            self.dry = batch.is_empty();
            if self.dry {
                break;
            }
            self.held.take_in(batch);
        }
        Ok(())
    }

    async fn settle(&mut self, jobs: Vec<Claimed>) -> Result<()> {
        if jobs.is_empty() {
            return Ok(());
        }
        let ended: Vec<_> = jobs.into_iter().map(Ended::by_chance).collect();
        let leases: HashSet<_> = ended.iter().map(|end| end.job.lease).collect();
        let accepted = self.engine.settle(&ended).await?;
        ensure!(accepted as usize == ended.len(), "{accepted} of {} accepted", ended.len());
        self.tally.settles += 1;
        self.tally.leases += leases.len();
        self.tally.completed += ended.iter().filter(|end| end.state == COMPLETED).count();
        Ok(())
    }

    async fn half_settle_lost_worker(&mut self) -> Result<LostWorker> {
        let id = Uuid::now_v7();
        let mut held = HeldJobs::new(usize::MAX);
        let mut claimed = 0;
        for _ in 0..LOST_BATCHES {
            let batch = self.engine.claim(id, self.trial.batch).await?;
            claimed += batch.len();
            held.take_in(batch);
        }
        while held.len() > claimed / 2 {
            let ended = held.ended(self.trial.group);
            self.settle(ended).await?;
        }
        let unsettled = held.len() + held.stragglers();
        Ok(LostWorker { id, held, unsettled })
    }

    async fn rescue(&mut self, mut lost: LostWorker) -> Result<()> {
        let start = Instant::now();
        let rescued = self.engine.rescue(lost.id).await?;
        self.tally.rescue = start.elapsed();
        ensure!(rescued as usize == lost.unsettled, "{rescued} of {} rescued", lost.unsettled);

        let late: Vec<_> = lost.held.ended(1).into_iter().map(Ended::by_chance).collect();
        let accepted = self.engine.settle(&late).await?;
        ensure!(accepted == 0, "a lost worker's settlement was accepted");
        Ok(())
    }
}

struct LostWorker {
    id: Uuid,
    held: HeldJobs,
    unsettled: usize,
}

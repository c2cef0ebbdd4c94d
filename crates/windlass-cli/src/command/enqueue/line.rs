//! Where a job stands in line: its lane, its turns, its limit.

use windlass::{Fair, Lane, Limited, NewJob};

/// The flags.
#[derive(Debug, clap::Args)]
pub(super) struct Line {
    /// One at a time with all jobs of this lane, in the order they were enqueued
    #[arg(long, value_name = "KEY")]
    lane: Option<String>,
    /// When it is dead the lane stands still: see `windlass lane open`
    #[arg(long, requires = "lane")]
    block_when_dead: bool,
    /// Jobs of this kind that wait in the lane are cancelled; may be repeated
    #[arg(long, value_name = "KIND", requires = "lane")]
    supersedes: Vec<String>,
    /// The command fails with exit 4 while a job of this kind is in the lane; may be repeated
    #[arg(long, value_name = "KIND", requires = "lane")]
    refused_by: Vec<String>,
    /// The keys of a queue have turns; this is its key
    #[arg(long, value_name = "KEY", conflicts_with = "lane")]
    fair: Option<String>,
    /// Jobs that its key has in each turn
    #[arg(long, value_name = "N", requires = "fair")]
    weight: Option<u16>,
    /// The key of a limit: see `windlass limit`
    #[arg(long, value_name = "KEY")]
    limit_key: Option<String>,
    /// So many of the key run at once, unless a limit of its name says otherwise
    #[arg(long, value_name = "N", requires = "limit_key")]
    limit_running: Option<u32>,
    /// The name of the limit; the kind unless given
    #[arg(long, value_name = "NAME", requires = "limit_key")]
    limit_name: Option<String>,
    /// What it takes of rates
    #[arg(long, value_name = "TOKENS")]
    cost: Option<u16>,
}

impl Line {
    /// Gives the job its place.
    pub(super) fn place(&self, job: &mut NewJob) {
        job.meta.lane = self.lane.as_ref().map(|key| {
            let lane = Lane::by(key);
            let lane = if self.block_when_dead { lane.block_when_dead() } else { lane };
            let lane = self.supersedes.iter().fold(lane, |lane, kind| lane.supersedes(kind));
            self.refused_by.iter().fold(lane, |lane, kind| lane.refused_by(kind))
        });
        job.meta.fair = self.fair.as_ref().map(|key| {
            let fair = Fair::by(key);
            self.weight.into_iter().fold(fair, Fair::weight)
        });
        job.meta.limited = self.limit_key.as_ref().map(|key| {
            let limited = self.limit_running.into_iter().fold(Limited::by(key), Limited::running);
            self.limit_name.iter().fold(limited, |limited, name| limited.named(name))
        });
        job.meta.cost = self.cost;
    }
}

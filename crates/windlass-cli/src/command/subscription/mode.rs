//! Whether each event becomes a job, or several together, from the command line.

use std::num::NonZeroU32;
use std::time::Duration;

use windlass::schedule::UTC;
use windlass::subscription::Mode;
use windlass::time::parse_duration;

/// One of the modes; each event is a job of its own where none is given.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ModeArgs {
    /// So many events become one job, or those of --within; with --lane those that have the same there
    #[arg(long, value_name = "N", requires = "within", conflicts_with_all = ["digest", "latest"])]
    batch: Option<NonZeroU32>,
    /// How long the first event of a batch waits for others at most, such as 5s
    #[arg(long, value_name = "DURATION", requires = "batch", value_parser = parse_duration)]
    within: Option<Duration>,
    /// What has come by then becomes one job: a cron line, or 'every 1h' from the first event on
    #[arg(long, value_name = "RULE", conflicts_with = "latest")]
    digest: Option<String>,
    /// The time zone of the cron line; UTC unless given
    #[arg(long, value_name = "ZONE", requires = "digest")]
    zone: Option<String>,
    /// Of the events that come within so long only the last becomes a job
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    latest: Option<Duration>,
}

impl ModeArgs {
    pub(super) fn read(&self) -> Mode {
        match (self.batch.zip(self.within), &self.digest, self.latest) {
            (Some((most, within)), ..) => Mode::batch(most, within),
            (None, Some(rule), _) => Mode::digest(rule, self.zone.as_deref().unwrap_or(UTC)),
            (None, None, Some(within)) => Mode::latest(within),
            (None, None, None) => Mode::Each,
        }
    }
}

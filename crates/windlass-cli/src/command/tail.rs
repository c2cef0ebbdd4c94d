//! `windlass tail`: jobs and events as they come, and how the jobs go on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use windlass::filter::Bound;
use windlass::job::{Filter, Page};
use windlass::{Client, JobId, JobRecord, State};

use super::event::{EventsTail, show_line as show};
use super::job::parse_filter;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::{Output, document};
use crate::store;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(250);
/// The newest jobs that are looked at; of those that have not ended, so many are followed.
const NEWEST: usize = 200;
/// How far a look goes for them: it is taken again and again.
const LOOK: Bound = Bound { rows: 5_000, time: Duration::from_millis(200) };

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass tail
  windlass tail kind:mail.* queue:default
  windlass tail --json | jq .

With a filter only jobs are followed, as far as they are among the newest 5,000. Of more than 200 new jobs between two
looks the newest are shown.")]
pub(crate) struct Args {
    /// Terms such as kind:img.* or -queue:bulk, which the jobs fit
    filter: Vec<String>,
    /// End after this many lines
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let filter = parse_filter(&args.filter)?;
    let client = Client::new(store::existing(&globals.store).await?);
    let mut events = match args.filter.is_empty() {
        true => Some(EventsTail::new(client.clone(), None).await?),
        false => None,
    };
    let mut jobs = JobsTail::new(client, filter).await?;
    let mut lines = Lines { out: &globals.out, left: args.limit };
    loop {
        if let Some(events) = &mut events {
            for event in events.next().await? {
                if lines.show(|out| show(out, &event))? {
                    return Ok(Exit::Done);
                }
            }
        }
        for job in jobs.next().await? {
            if lines.show(|out| show_job(out, &job))? {
                return Ok(Exit::Done);
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What is printed, and how much more of it.
struct Lines<'a> {
    out: &'a Output,
    left: Option<u64>,
}

impl Lines<'_> {
    /// Whether that was the last line.
    fn show(&mut self, line: impl FnOnce(&Output) -> anyhow::Result<()>) -> anyhow::Result<bool> {
        line(self.out)?;
        self.left = self.left.map(|left| left.saturating_sub(1));
        Ok(self.left == Some(0))
    }
}

/// The newest jobs, and those of them that have not ended, with how each stood.
struct JobsTail {
    client: Client,
    filter: Filter,
    seen: BTreeSet<JobId>,
    open: BTreeMap<JobId, (State, u32)>,
}

impl JobsTail {
    async fn new(client: Client, filter: Filter) -> anyhow::Result<Self> {
        let mut tail = Self { client, filter, seen: BTreeSet::new(), open: BTreeMap::new() };
        tail.seen = tail.newest().await?.into_iter().map(|job| job.id).collect();
        Ok(tail)
    }

    async fn newest(&self) -> anyhow::Result<Vec<JobRecord>> {
        let page = Page { before: None, limit: NEWEST };
        Ok(self.client.find_jobs(&self.filter, page, LOOK).await?.items)
    }

    /// Jobs that are new or stand otherwise than at the last look, oldest first.
    async fn next(&mut self) -> anyhow::Result<Vec<JobRecord>> {
        let mut newest = self.newest().await?;
        newest.reverse();
        let mut changed = Vec::new();
        let mut open: Vec<JobId> = self.open.keys().copied().collect();
        open.retain(|id| !newest.iter().any(|job| job.id == *id));
        for id in open {
            // One that was removed is not followed any more.
            match self.client.job(id).await? {
                Some(job) => changed.extend(self.changed(job)),
                None => _ = self.open.remove(&id),
            }
        }
        let before = std::mem::take(&mut self.seen);
        for job in newest {
            self.seen.insert(job.id);
            // Older ones come into sight where others were removed.
            let is_older = before.len() == NEWEST && before.first() > Some(&job.id);
            if !before.contains(&job.id) && !is_older {
                self.open.insert(job.id, (State::Waiting, u32::MAX));
            }
            if self.open.contains_key(&job.id) {
                changed.extend(self.changed(job));
            }
        }
        while self.open.len() > NEWEST {
            self.open.pop_first();
        }
        Ok(changed)
    }

    fn changed(&mut self, job: JobRecord) -> Option<JobRecord> {
        let stands = (job.state, job.attempt);
        let before = match job.state.is_terminal() {
            true => self.open.remove(&job.id),
            false => self.open.insert(job.id, stands),
        };
        (before != Some(stands)).then_some(job)
    }
}

fn show_job(out: &Output, job: &JobRecord) -> anyhow::Result<()> {
    if out.is_json() {
        return out.json_line(&document::job(&out.redaction()?.job(job.clone())));
    }
    let at = job.finished_at.or(job.started_at).unwrap_or(job.created_at).to_string();
    let reason = job.reason.as_deref().map(in_one_line).unwrap_or_default();
    let (id, attempt) = (job.id.to_string(), job.attempt.to_string());
    if out.is_plain() {
        let columns = [&at, job.state.word(), &id, &job.kind, &job.queue, &attempt, &reason];
        return Ok(out.line(&columns.join("\t"))?);
    }
    let (glyph, tone) = out.glyphs().state(job.state);
    let tries = match job.failures {
        0 => String::new(),
        failures => format!("  {}", crate::output::time::count(failures.into(), "failure")),
    };
    Ok(out.line(&format!(
        "{}  {} {}  {}  {}{tries}  {reason}",
        out.paint(Tone::Dim, &at),
        out.paint(tone, glyph),
        out.paint(Tone::Strong, &job.kind),
        out.paint(tone, &job.state.to_string()),
        out.paint(Tone::Dim, &id),
    ))?)
}

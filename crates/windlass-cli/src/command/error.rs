//! `windlass error`: jobs that failed, by what they say.

use windlass::job::{ErrorGroup, ErrorGroups, Fingerprint};
use windlass::{Client, Timestamp};
use windlass_http::error_group::{document, groups};

use super::job::parse_filter;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass error list
  windlass error list kind:img.* since:24h
  windlass error show 7c1e9a04b2d1
  windlass job list fingerprint:7c1e9a04b2d1
  windlass job retry 'state:dead fingerprint:7c1e9a04b2d1'

Errors of one kind that differ in numbers, ids and texts in quotes alone are in one group. The newest 2,000 jobs
that are dead or tried again are looked through.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with errors.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Which errors there are, how many jobs have each, and since when
    List {
        /// Terms of jobs, such as kind:img.* or since:24h
        filter: Vec<String>,
    },
    /// One of them, and some of its jobs
    Show {
        /// As `windlass error list` has it
        fingerprint: Fingerprint,
    },
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List { filter } => list(&filter, globals).await,
        Verb::Show { fingerprint } => show(fingerprint, globals).await,
    }
}

async fn list(filter: &[String], globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let filter = parse_filter(filter)?;
    let client = Client::new(store::existing(&globals.store).await?);
    let found = client.error_groups(&filter).await?;
    if out.is_json() {
        out.json(&groups(&found))?;
        return Ok(Exit::Done);
    }
    if found.groups.is_empty() && !out.is_plain() {
        out.line("no job that matches is dead or tried again")?;
        return Ok(Exit::Done);
    }
    out.table(&table(out, &found))?;
    if !found.complete && !out.is_plain() {
        let newest = format!("of the newest {} that failed", time::count(found.jobs, "job"));
        out.line(&out.paint(Tone::Dim, &newest))?;
    }
    Ok(Exit::Done)
}

fn table(out: &Output, found: &ErrorGroups) -> Table {
    let mut table = Table::new(vec![
        Column::whole("FINGERPRINT"),
        Column::number("JOBS"),
        Column::number("DEAD"),
        Column::text("KIND", 8),
        Column::whole("FIRST").expendable(2),
        Column::whole("LAST"),
        Column::text("24 HOURS", 24).expendable(1),
        Column::text("ERROR", 20),
    ]);
    for group in &found.groups {
        table.push(vec![
            Cell::new(group.fingerprint.to_string()),
            Cell::new(time::number(group.jobs)),
            Cell::new(time::number(group.dead)),
            Cell::new(&group.kind),
            Cell::new(out.moment(group.first_at)),
            Cell::new(out.moment(group.last_at)),
            Cell::new(bars(out, group)),
            Cell::toned(Tone::Bad, in_one_line(first_line(&group.error))),
        ]);
    }
    table
}

/// How many failed in each hour.
fn bars(out: &Output, group: &ErrorGroup) -> String {
    let most = group.by_hour.iter().copied().max().unwrap_or(0);
    let steps = out.glyphs().steps();
    let bar = |jobs: &u64| match (most, *jobs) {
        (_, 0) | (0, _) => " ",
        (most, jobs) => {
            let step = (jobs * steps.len() as u64).div_ceil(most).saturating_sub(1);
            usize::try_from(step).ok().and_then(|step| steps.get(step)).copied().unwrap_or(" ")
        }
    };
    group.by_hour.iter().map(bar).collect()
}

async fn show(fingerprint: Fingerprint, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let filter = format!("fingerprint:{fingerprint}").parse()?;
    let found = client.error_groups(&filter).await?;
    let Some(group) = found.groups.first() else {
        let what = format!("no job among the newest that failed has the error {fingerprint}");
        return Err(Failure::new(Exit::NotFound, what).into());
    };
    if out.is_json() {
        out.json(&document(group))?;
        return Ok(Exit::Done);
    }
    out.print(&page(out, group, found.complete))?;
    Ok(Exit::Done)
}

fn page(out: &Output, group: &ErrorGroup, is_complete: bool) -> String {
    let moment = |at: Timestamp| out.moment_in_full(at);
    let or_more = if is_complete { "" } else { " or more" };
    let mut lines = vec![
        format!("{}  {}", group.fingerprint, in_one_line(&group.kind)),
        format!("  {}", out.paint(Tone::Bad, &in_one_line(first_line(&group.error)))),
        format!("  {}{or_more}, {} dead", time::count(group.jobs, "job"), group.dead),
        format!("  first {}, last {}", moment(group.first_at), moment(group.last_at)),
    ];
    lines.extend(group.samples.iter().map(|job| format!("  {job}")));
    let try_one = group.samples.first().map(|job| format!("windlass job retry {job}"));
    let try_all = format!("windlass job retry 'state:dead fingerprint:{}'", group.fingerprint);
    for (place, command) in try_one.into_iter().chain([try_all]).enumerate() {
        let name = if place == 0 { "try: " } else { "then:" };
        lines.push(format!("{} {command}", out.paint(Tone::Dim, name)));
    }
    lines.join("\n") + "\n"
}

fn first_line(error: &str) -> &str {
    error.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

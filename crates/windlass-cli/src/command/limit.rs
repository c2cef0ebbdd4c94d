//! `windlass limit`: list, set, close, remove.

use std::time::Duration;

use windlass::limit::{Limit, LimitOn, LimitRecord};
use windlass::time::parse_duration;
use windlass::{Client, Timestamp};

use super::known::{warn_of_kind, warn_of_queue};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_lines;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass limit list
  windlass limit set kind:crm.push --running 20 --note 'the vendor asked for it'
  windlass limit set queue:mail --running 20 --reserve welcome=5
  windlass limit set key:crm --running 4              each key of the name crm
  windlass limit set queue:mail --rate 100 --per 1m --burst 10
  windlass limit set kind:crm.push --break-after 5 --within 1m --open-for 30s
  windlass limit close kind:crm.push                  its breaker: jobs start again at once
  windlass limit remove kind:crm.push

A limit is set as a whole: what of the one before it is not named again is gone.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

/// What is done with limits.
#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// The limits that are set, and what of them is used
    List,
    /// Set a limit in place of the whole of what was set before, for all workers at once
    Set(Box<SetArgs>),
    /// Close a breaker that is open, and forget the failures it has counted
    Close {
        /// What the limit is set for: queue:NAME, kind:NAME or key:NAME
        on: LimitOn,
    },
    /// Remove a limit
    Remove {
        /// What it is set for: queue:NAME, kind:NAME or key:NAME
        on: LimitOn,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// What it is set for: queue:NAME, kind:NAME or key:NAME
    on: LimitOn,
    /// So many run at once, over all processes
    #[arg(long, value_name = "N", value_parser = whole)]
    running: Option<u32>,
    /// Of those of a queue so many are kept free for a kind, which may use the others too; may be repeated
    #[arg(long, value_name = "KIND=N", value_parser = places_of_a_kind, requires = "running")]
    reserve: Vec<(String, u32)>,
    /// So many start in --per, evenly
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<u32>,
    /// The time of --rate
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "1s", requires = "rate")]
    per: Duration,
    /// Of the rate at most so many at once; the rate unless given
    #[arg(long, value_name = "N", requires = "rate")]
    burst: Option<u32>,
    /// After so many failures within --within nothing starts for --open-for; then one job probes
    #[arg(long, value_name = "N")]
    break_after: Option<u32>,
    /// The time in which failures are counted
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "1m", requires = "break_after")]
    within: Duration,
    /// How long nothing starts then
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "1m", requires = "break_after")]
    open_for: Duration,
    /// Why, and by whom; shown wherever the limit is
    #[arg(long)]
    note: Option<String>,
}

fn whole(text: &str) -> Result<u32, String> {
    let largest = i32::MAX.unsigned_abs();
    let number = text.parse().ok().filter(|number| *number <= largest);
    number.ok_or_else(|| format!("expected a whole number up to {largest}"))
}

fn rate(text: &str) -> Result<u32, String> {
    let hint = "of the jobs that start in --per: 5 in two seconds are --rate 5 --per 2s";
    whole(text).map_err(|error| format!("{error}, {hint}"))
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    match args.verb {
        Verb::List => list(globals).await,
        Verb::Set(args) => set(*args, globals).await,
        Verb::Close { on } => close(&on, globals).await,
        Verb::Remove { on } => remove(&on, globals).await,
    }
}

async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let limits = client.limits().await?;
    if out.is_json() {
        out.json(&limits.iter().map(document::limit).collect::<Vec<_>>())?;
    } else if limits.is_empty() && !out.is_plain() {
        out.line("no limit is set; set one: windlass limit set kind:KIND --running 10")?;
    } else {
        out.table(&table(out, &limits))?;
    }
    Ok(Exit::Done)
}

async fn set(args: SetArgs, globals: &Globals) -> anyhow::Result<Exit> {
    let mut limit = Limit { running: args.running, ..Limit::on(args.on) };
    for (kind, jobs) in args.reserve {
        limit = limit.reserve(kind, jobs);
    }
    if let Some(rate) = args.rate {
        limit = limit.rate(rate, args.per).burst(args.burst.unwrap_or(rate));
    }
    if let Some(failures) = args.break_after {
        limit = limit.break_after(failures, args.within, args.open_for);
    }
    limit.check().map_err(|error| Failure::usage(format!("{error}; nothing was changed")))?;
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    match &limit.on {
        LimitOn::Queue(name) => warn_of_queue(out, &*store, name).await?,
        LimitOn::Kind(name) => warn_of_kind(out, &*store, name).await?,
        LimitOn::Key(_) => {}
    }
    let client = Client::new(store);
    let before = client.limits().await?.into_iter().find(|record| record.limit.on == limit.on);
    match &args.note {
        Some(note) => client.set_limit_with_note(&limit, note).await?,
        None => client.set_limit(&limit).await?,
    }
    if out.is_json() {
        let record = client.limits().await?.into_iter().find(|record| record.limit.on == limit.on);
        let what = || windlass::StoreError::NotFound { what: limit.on.to_string() };
        out.json(&document::limit(&record.ok_or_else(what)?))?;
        return Ok(Exit::Done);
    }
    let undo = format!("to undo it: windlass limit remove {}", limit.on);
    let gone = before.and_then(|before| gone(&before.limit, &limit)).unwrap_or_default();
    out.done(&format!("{}: {}{gone}", limit.on, in_words(&limit)), &undo)?;
    Ok(Exit::Done)
}

/// What of the former limit the new one has not, as a phrase to append.
fn gone(before: &Limit, limit: &Limit) -> Option<String> {
    let parts = [
        ("limit of how many run", before.running.is_some() && limit.running.is_none()),
        ("rate", before.rate.is_some() && limit.rate.is_none()),
        ("breaker", before.breaker.is_some() && limit.breaker.is_none()),
    ];
    let gone: Vec<&str> = parts.into_iter().filter(|(_, is)| *is).map(|(part, _)| part).collect();
    let are = if gone.len() == 1 { "is" } else { "are" };
    (!gone.is_empty()).then(|| format!("; its {} {are} gone", gone.join(" and ")))
}

async fn close(on: &LimitOn, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    if !client.close_breaker(on).await? {
        let what = format!("no breaker of {on} is open; nothing starts otherwise than before");
        return Err(Failure::new(Exit::NotFound, what).into());
    }
    if out.is_json() {
        out.json(&document::breaker_closed(on))?;
    } else {
        out.done(&format!("the breaker of {on} is closed"), "see it: windlass limit list")?;
    }
    Ok(Exit::Done)
}

/// Reads `welcome=5`.
fn places_of_a_kind(text: &str) -> Result<(String, u32), String> {
    let read = text.rsplit_once('=').and_then(|(kind, jobs)| Some((kind, jobs.parse().ok()?)));
    let (kind, jobs) = read.ok_or("expected KIND=N, such as welcome=5")?;
    Ok((kind.to_owned(), jobs))
}

async fn remove(on: &LimitOn, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    if !client.remove_limit(on).await? {
        let what = format!("no limit is set for {on}; nothing was changed");
        return Err(Failure::new(Exit::NotFound, what).into());
    }
    if out.is_json() {
        out.json(&document::limit_removed(on))?;
    } else {
        out.done(&format!("{on} has no limit any more"), "see the others: windlass limit list")?;
    }
    Ok(Exit::Done)
}

/// What it limits, in one line.
fn in_words(limit: &Limit) -> String {
    let kept = |(kind, jobs): (&String, &u32)| {
        format!(", {} of them for {kind}", time::number((*jobs).into()))
    };
    let reserved = limit.reserved.iter().map(kept).collect::<String>();
    let running =
        limit.running.map(|jobs| format!("{} at once{reserved}", time::number(jobs.into())));
    let rate = limit.rate.map(|rate| {
        let (tokens, per) = (time::number(rate.tokens.into()), time::span(rate.per));
        match rate.burst == rate.tokens {
            true => format!("{tokens} in {per}"),
            false => format!("{tokens} in {per}, {} at once", time::number(rate.burst.into())),
        }
    });
    let breaker = limit.breaker.map(|breaker| {
        let (within, open) = (time::span(breaker.within), time::span(breaker.open_for));
        format!("open for {open} after {} failures in {within}", breaker.failures)
    });
    [running, rate, breaker].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn table(out: &Output, limits: &[LimitRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::whole("ON"),
        Column::text("LIMIT", 20),
        Column::text("NOW", 10),
        Column::whole("SET BY"),
        Column::text("NOTE", 10).expendable(1),
    ]);
    for record in limits {
        let (now, tone) = now(out, record);
        table.push(vec![
            Cell::new(record.limit.on.to_string()),
            Cell::new(in_words(&record.limit)),
            Cell::toned(tone, now),
            Cell::new(record.set_by.word()),
            Cell::toned(
                Tone::Dim,
                record.note.as_deref().map(|note| in_lines(note).join(" ")).unwrap_or_default(),
            ),
        ]);
    }
    table
}

/// What of it is used now.
fn now(out: &Output, record: &LimitRecord) -> (String, Tone) {
    let running = record.running_now.map(|jobs| format!("{} running", time::number(jobs)));
    let tokens = record.tokens_now.map(|tokens| format!("{tokens:.0} tokens"));
    let moment = |at: Timestamp| out.moment(at);
    let open = record.open_since.zip(record.open_until());
    let open =
        open.map(|(since, until)| format!("open since {}, until {}", moment(since), moment(until)));
    let is_full = record.limit.running.is_some_and(|most| {
        let is_key = matches!(record.limit.on, LimitOn::Key(_));
        !is_key && record.running_now.is_some_and(|now| now >= u64::from(most))
    });
    let tone = if open.is_some() || is_full { Tone::Attention } else { Tone::Plain };
    ([running, tokens, open].into_iter().flatten().collect::<Vec<_>>().join(", "), tone)
}

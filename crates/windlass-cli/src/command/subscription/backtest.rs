//! `windlass subscription backtest`.

use std::time::Duration;

use windlass::limits::BACKTEST_EVENTS;
use windlass::store::Store;
use windlass::subscription::{Backtest, Filter, Span};
use windlass::time::{micros, parse_duration};
use windlass::{Client, Timestamp};
use windlass_http::subscription::backtested;

use super::filter::FilterArgs;
use super::{checked, events, find};
use crate::command::event::sequence;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::table::{Cell, Column, Table};
use crate::output::time::{count, number};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A subscription whose filter is tried; without one the options say the filter
    name: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// Events of this time until now, such as 7d
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, conflicts_with = "last")]
    since: Option<Duration>,
    /// The last events; 10 000 where neither is given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    last: Option<u64>,
}

/// Events that are looked at unless said otherwise.
const LAST: u64 = 10_000;

/// Types that are listed for a person.
const TYPES: usize = 20;

pub(super) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    args.name.as_deref().map_or(Ok(()), checked)?;
    if args.name.is_some() && args.filter.is_given() {
        let what = "name a subscription, or say a filter with --type, --filter and --sql, not both";
        return Err(Failure::usage(what).into());
    }
    let filter = args.filter.read(out)?;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let span = span(&*store, (args.since, args.last)).await?;
    let client = Client::new(store);
    let filter = match &args.name {
        Some(name) => find(&client, name).await?.definition.filter,
        None => filter,
    };
    let backtest = client.backtest(&filter, span).await?;
    if out.is_json() {
        out.json(&backtested(&filter, &backtest))?;
    } else {
        out.print(&page(out, &filter, &backtest))?;
    }
    Ok(Exit::Done)
}

/// Times are told by the store's clock, which gave the events theirs.
async fn span(
    store: &dyn Store,
    (since, last): (Option<Duration>, Option<u64>),
) -> anyhow::Result<Span> {
    let Some(since) = since else { return Ok(Span::Last(last.unwrap_or(LAST))) };
    let now = store.facts().await?.now;
    Ok(Span::Since(Timestamp::from_micros(now.as_micros().saturating_sub(micros(since)))))
}

fn page(out: &Output, filter: &Filter, backtest: &Backtest) -> String {
    let times = count(backtest.fired, "time");
    let among = count(backtest.events, "event");
    let mut page = format!("{filter}: would have fired {times} among {among}\n");
    if backtest.left_out > 0 {
        let (left_out, limit) = (number(backtest.left_out), number(BACKTEST_EVENTS));
        page.push_str(&format!("  the newest {limit} were looked at, {left_out} older ones not\n"));
    }
    if backtest.hidden > 0 {
        let hidden = count(backtest.hidden, "event");
        page.push_str(&format!("  {hidden} left out: their types mark what the filter looks at\n"));
    }
    if backtest.fired == 0 {
        return page;
    }
    let mut types: Vec<_> = backtest.types.iter().collect();
    types.sort_by_key(|(_, fired)| std::cmp::Reverse(**fired));
    let mut table = Table::new(vec![Column::text("TYPE", 10), Column::number("FIRED")]);
    for (event_type, fired) in types.iter().take(TYPES) {
        table.push(vec![Cell::new(event_type.as_str()), Cell::new(fired.to_string())]);
    }
    page.push_str(&table.render(out));
    if types.len() > TYPES {
        page.push_str(&format!("  and {} more\n", count((types.len() - TYPES) as u64, "type")));
    }
    page.push_str("the last of them:\n");
    let samples = backtest.samples.iter().map(|event| (event, event.id.to_string()));
    page.push_str(&events(out, "ID", &samples.collect::<Vec<_>>()).render(out));
    page
}

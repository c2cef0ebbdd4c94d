//! `windlass subscription explain`.

use windlass::Client;
use windlass::subscription::{EventSummary, Looked, SubscriptionExplanation};
use windlass_http::subscription::explanation;

use super::{checked, events, no_subscription, show};
use crate::command::event::sequence;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::output::Output;
use crate::output::time::count;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The subscription
    name: String,
    /// At most this many events of each list, the last ones
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    limit: u16,
}

pub(super) async fn run(args: &Args, globals: &Globals) -> anyhow::Result<Exit> {
    checked(&args.name)?;
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    sequence(&*store).await?;
    let client = Client::new(store);
    let Some(explained) = client.explain_subscription(&args.name).await? else {
        return Err(no_subscription(&client, &args.name).await?);
    };
    let explained = out.redaction()?.subscription_explanation(explained);
    let (matches, near) = (last(&explained.matches, args), last(&explained.near, args));
    if out.is_json() {
        out.json(&explanation(&explained, usize::from(args.limit)))?;
        return Ok(Exit::Done);
    }
    out.print(&page(out, &explained, (matches, near)))?;
    Ok(Exit::Done)
}

fn last<'l>(list: &'l [Looked], args: &Args) -> &'l [Looked] {
    &list[list.len().saturating_sub(args.limit.into())..]
}

fn page(
    out: &Output,
    explained: &SubscriptionExplanation,
    (matches, near): (&[Looked], &[Looked]),
) -> String {
    let record = &explained.subscription;
    let mut page = show::head(out, record);
    let target = show::target(record);
    page.push_str(&format!("  {} becomes {target}\n", record.definition.filter));
    let looked = count(explained.events, "event");
    let matched = lead(explained.matches.len(), matches.len());
    page.push_str(&format!("of the last {looked} of the log it wants {matched}\n"));
    let notes = matches.iter().map(|one| (&one.event, got(one))).collect::<Vec<_>>();
    page.push_str(&listed(out, "JOB", &notes));
    let nearly = lead(explained.near.len(), near.len());
    page.push_str(&format!("one clause alone refuses {nearly}\n"));
    let notes = near.iter().map(|one| (&one.event, one.explanation.to_string()));
    page.push_str(&listed(out, "WHY NOT", &notes.collect::<Vec<_>>()));
    page
}

fn listed(out: &Output, named: &'static str, notes: &[(&EventSummary, String)]) -> String {
    if notes.is_empty() { String::new() } else { events(out, named, notes).render(out) }
}

/// How many there are, and how many of them follow.
fn lead(number: usize, shown: usize) -> String {
    match (number, shown) {
        (0, _) => "none".to_owned(),
        (number, shown) if number == shown => format!("{number}:"),
        (number, shown) => format!("{number}; the last {shown}:"),
    }
}

/// What has come of an event that is wanted.
fn got(looked: &Looked) -> String {
    match looked.answer.job() {
        Some(job) => job.to_string(),
        None => looked.answer.word().to_owned(),
    }
}

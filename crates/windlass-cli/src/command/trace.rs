//! `windlass trace`: the tree of jobs and events that one of them belongs to.

use std::time::Duration;

use windlass::trace::{Member, MemberId, Trace, What};
use windlass::{Client, State, Timestamp};
use windlass_http::trace::document;

use super::{event, job};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::time;
use crate::output::tree::branches;
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass trace job_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass trace evt_01KAHT5V3X5W9GNQ6D4R3ZCE7M --json")]
pub(crate) struct Args {
    /// The id of a job or an event of the tree, or an event's position in the log
    id: String,
}

/// The longest name that others are lined up with.
const NAME: usize = 48;

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let member: MemberId = if event::is_meant(&args.id) {
        event::sequence(&*store).await?;
        event::find(&Client::new(store.clone()), &args.id).await?.id.into()
    } else {
        job::find_id(&*store, &args.id).await?.into()
    };
    let missing = || {
        let what = format!("{} does not exist in this store", in_one_line(&args.id));
        Failure::new(Exit::NotFound, what)
    };
    let trace = Client::new(store).trace(member).await?.ok_or_else(missing)?;
    if out.is_json() {
        out.json(&document(&trace))?;
    } else {
        out.print(&page(out, &trace, member))?;
    }
    Ok(Exit::Done)
}

fn id(member: &Member) -> String {
    match member.what.id() {
        MemberId::Job(id) => id.to_string(),
        MemberId::Event(id) => id.to_string(),
    }
}

fn page(out: &Output, trace: &Trace, asked: MemberId) -> String {
    let levels: Vec<usize> = trace.members.iter().map(|member| member.level).collect();
    let branches = branches(&levels, out.glyphs());
    let width = |(branch, member): (&String, &Member)| {
        branch.chars().count() + name(member).chars().count()
    };
    let widest = branches.iter().zip(&trace.members).map(width).max().unwrap_or_default().min(NAME);
    let mut lines = vec![head(out, trace)];
    for (branch, member) in branches.iter().zip(&trace.members) {
        lines.push(line(out, trace, (branch, member, asked), widest));
    }
    if trace.is_cut {
        lines.push(out.paint(Tone::Attention, "  there are more, which are not shown"));
    }
    lines.join("\n") + "\n"
}

fn head(out: &Output, trace: &Trace) -> String {
    let jobs = || {
        trace.members.iter().filter_map(|member| match &member.what {
            What::Job(job) => Some(job),
            What::Event(_) => None,
        })
    };
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let events = trace.members.len() - jobs().count();
    let mut said =
        vec![time::count(number(events), "event"), time::count(number(jobs().count()), "job")];
    for state in State::ALL {
        let there = jobs().filter(|job| job.state == state).count();
        if there > 0 {
            let word = format!("{} {state}", time::number(number(there)));
            said.push(out.paint(out.glyphs().state(state).1, &word));
        }
    }
    let unfinished = jobs().any(|job| !job.state.is_terminal());
    let last = jobs().filter_map(|job| job.finished_at);
    let last = last.chain(trace.members.iter().map(|member| member.what.at())).max();
    let until = if unfinished { Some(out.now()) } else { last };
    let took = until.zip(began(trace)).map(|(end, start)| end.since(start));
    said.extend(took.map(|took| match unfinished {
        true => format!("for {}", time::span(took)),
        false => format!("took {}", time::span(took)),
    }));
    said.join(&format!(" {} ", out.paint(Tone::Dim, out.glyphs().dot())))
}

fn began(trace: &Trace) -> Option<Timestamp> {
    trace.members.iter().map(|member| member.what.at()).min()
}

fn name(member: &Member) -> String {
    match &member.what {
        What::Job(job) => job.kind.clone(),
        What::Event(event) => match &event.subject {
            Some(subject) => format!("{} {}", event.event_type, in_one_line(subject)),
            None => event.event_type.clone(),
        },
    }
}

fn line(
    out: &Output,
    trace: &Trace,
    (branch, member, asked): (&str, &Member, MemberId),
    widest: usize,
) -> String {
    let glyphs = out.glyphs();
    let (glyph, tone, word) = match &member.what {
        What::Job(job) => {
            let (glyph, tone) = glyphs.state(job.state);
            (glyph, tone, job.state.to_string())
        }
        What::Event(_) => (glyphs.event(), Tone::Plain, "event".to_owned()),
    };
    let name = name(member);
    let room = widest.saturating_sub(branch.chars().count() + name.chars().count());
    let tone_of_name = if member.what.id() == asked { Tone::Strong } else { Tone::Plain };
    let since = began(trace).map_or(Duration::ZERO, |began| member.what.at().since(began));
    let (branch, name) = (out.paint(Tone::Dim, branch), out.paint(tone_of_name, &name));
    let mut line = format!(
        "  {branch}{} {name}{}  {}  {:>8}  {:>7}  {}",
        out.paint(tone, glyph),
        " ".repeat(room),
        out.paint(tone, &format!("{word:<9}")),
        format!("+{}", time::span(since)),
        took(member).map_or_else(String::new, time::span),
        out.paint(Tone::Dim, &id(member)),
    );
    for remark in remarks(member) {
        line.push_str(&format!("  {}", out.paint(Tone::Dim, &remark)));
    }
    line
}

/// How long its last attempt ran.
fn took(member: &Member) -> Option<Duration> {
    let What::Job(job) = &member.what else { return None };
    job.finished_at.zip(job.started_at).map(|(end, start)| end.since(start))
}

fn remarks(member: &Member) -> Vec<String> {
    let mut said = Vec::new();
    if member.is_torn_off {
        said.push("what it comes of was removed".to_owned());
    }
    if let What::Job(job) = &member.what {
        if job.failures > 0 {
            said.push(time::count(job.failures.into(), "failure"));
        }
        let shown = job.reason.as_ref().filter(|_| job.state != State::Completed);
        said.extend(shown.map(|reason| in_one_line(reason)));
    }
    said
}

//! `windlass job show`.

use std::fmt::Write as _;
use std::sync::Arc;

use windlass::condition::ConditionRecord;
use windlass::encryption::{Encrypted, Keys, is_encrypted};
use windlass::job::Until;
use windlass::redact::Redaction;
use windlass::{Attempt, Client, JobRecord, Json, Outcome, State, Subject, Timestamp, Unique};
use windlass_http::job::{OfEvent, document_of, shown};

use super::super::condition;
use super::event::row;
use super::inside::Inside;
use super::next::Next;
use super::{find_id, next, not_found};
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::keys::VARIABLE;
use crate::output::color::Tone;
use crate::output::escape::{in_lines, in_one_line};
use crate::output::{Output, document, time};
use crate::store;

/// Its arguments.
#[derive(Debug, clap::Args)]
#[command(before_help = "\
Examples:
  windlass job show job_01KAHT5V3X5W9GNQ6D4R3ZCE7M
  windlass job show job_01KAHT5V --json
  windlass job show job_01KAHT5V --unredacted")]
pub(crate) struct Args {
    /// The job's id, or as much of its beginning as no other job has
    id: String,
    /// Show fields too that are marked as not to be shown
    #[arg(long)]
    unredacted: bool,
    /// Show encrypted args in clear, with the keys of WINDLASS_KEYS
    #[arg(long)]
    decrypt: bool,
}

pub(crate) async fn run(args: Args, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let store = store::existing(&globals.store).await?;
    let id = find_id(&*store, &args.id).await?;
    let mut job = store.job(id).await?.ok_or_else(|| not_found(id))?;
    let client = Client::new(Arc::clone(&store));
    if args.decrypt {
        job.args = in_clear(client.clone(), &job)?;
    }
    let redaction = if args.unredacted { &Redaction::none() } else { out.redaction()? };
    let event = OfEvent::of(&client, &mut job).await?;
    let event_type = event.as_ref().and_then(|event| event.r#type.as_deref());
    let job = redaction.job_of(job, event_type);
    let inside = Inside::of(&*store, &job, redaction).await?;
    if out.is_json() {
        out.json(&Everything { job: document_of(&job, event.as_ref()), inside })?;
        return Ok(Exit::Done);
    }
    let next = next::of(&job, &*store, out).await?;
    let conditions = match job.meta.waits {
        Some(_) => store.conditions(id).await?,
        None => Vec::new(),
    };
    let conditions = shown(&client, redaction, &job, conditions).await?;
    let mut page = page(out, (&job, &conditions), (event.as_ref(), &next));
    for (heading, lines) in inside.sections(out) {
        line(&mut page, &format!("\n{}", out.paint(Tone::Dim, heading)));
        lines.iter().for_each(|text| line(&mut page, &format!("  {text}")));
    }
    out.print(&page)?;
    Ok(Exit::Done)
}

/// The args of a job, with the keys of the environment where they are encrypted.
fn in_clear(client: Client, job: &JobRecord) -> anyhow::Result<Json> {
    if !is_encrypted(&job.args) {
        return Ok(job.args.clone());
    }
    let keys = Keys::from_env(VARIABLE).map_err(|error| Failure::usage(error.to_string()))?;
    let args = client.encrypting(keys).args_of(job);
    Ok(args.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?)
}

fn args(job: &JobRecord) -> String {
    match Encrypted::of(&job.args) {
        Some(encrypted) => {
            format!("encrypted with the key {}; --decrypt shows them", in_one_line(&encrypted.key))
        }
        None => in_lines(job.args.as_str()).join("\n"),
    }
}

/// `job.v1` of one job has what its handler has done and said too.
#[derive(Debug, serde::Serialize)]
struct Everything<'a> {
    #[serde(flatten)]
    job: document::Document<document::JobBody<'a>>,
    #[serde(flatten)]
    inside: Inside,
}

fn page(
    out: &Output,
    (job, conditions): (&JobRecord, &[ConditionRecord]),
    (event, next): (Option<&OfEvent>, &Next),
) -> String {
    let mut page = String::new();
    let state = out.state(job.state).paint(out);
    line(&mut page, &format!("{}  {state}", out.paint(Tone::Strong, &job.id.to_string())));
    for (name, value) in fields(out, (job, event), next) {
        for (place, text) in value.lines().enumerate() {
            let name = if place == 0 { name } else { "" };
            line(&mut page, &format!("  {}  {text}", out.paint(Tone::Dim, &format!("{name:<9}"))));
        }
    }
    if !conditions.is_empty() {
        line(&mut page, &format!("\n{}", out.paint(Tone::Dim, "WAITS FOR")));
    }
    for one in conditions {
        line(&mut page, &format!("  {}", condition::line(out, one)));
    }
    if let Some(deadline) = condition::deadline(out, job) {
        line(&mut page, &format!("  {deadline}"));
    }
    let attempts = attempts(job);
    if !attempts.is_empty() {
        line(&mut page, &format!("\n{}", out.paint(Tone::Dim, "ATTEMPTS")));
    }
    for attempt in attempts {
        attempt_lines(&mut page, out, &attempt);
    }
    page
}

fn fields(
    out: &Output,
    (job, event): (&JobRecord, Option<&OfEvent>),
    next: &Next,
) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    let mut add = |name, value: String| fields.push((name, value));
    let version = match job.version {
        1 => String::new(),
        version => format!(" (args version {version})"),
    };
    add("kind", format!("{}{version}", in_one_line(&job.kind)));
    add("queue", queue(out, job));
    match job.meta.aged {
        Some(own) => add("priority", format!("{}, was {own} when it was written", job.priority)),
        None if job.priority != 0 => add("priority", job.priority.to_string()),
        None => {}
    }
    let origin = job
        .origin
        .as_deref()
        .map_or_else(String::new, |origin| format!(" by {}", in_one_line(origin)));
    add("enqueued", format!("{}{origin}", out.moment_in_full(job.created_at)));
    comes_of(job, event, &mut add);
    if job.run_at != job.created_at && !job.state.is_terminal() {
        add("due", out.moment_in_full(job.run_at));
    }
    if let Some(finished) = job.finished_at {
        add("ended", out.moment_in_full(finished));
    }
    add("attempts", numbers(job));
    if let Some(limit) = job.meta.timeout_ms {
        add("timeout", time::span(std::time::Duration::from_millis(limit)));
    }
    if let Some(at) = job.meta.expires_at(job.created_at) {
        add("expires", out.moment_in_full(at));
    }
    if let Some(one) = &job.meta.schedule {
        let due = out.moment_in_full(one.due_at());
        add("schedule", format!("{} of {due}, {}", in_one_line(&one.name), one.cause.word()));
    }
    if let Some(unique) = &job.meta.unique {
        add("unique", unique_key(unique));
    }
    if !job.meta.tags.is_empty() {
        add("tags", in_one_line(&job.meta.tags.join(" ")));
    }
    if !job.meta.subjects.is_empty() {
        let subjects: Vec<&str> = job.meta.subjects.iter().map(Subject::as_str).collect();
        add("subjects", in_one_line(&subjects.join(" ")));
    }
    lined(job, &mut add);
    if let Some(traceparent) = &job.meta.traceparent {
        add("trace", in_one_line(traceparent));
    }
    add("args", args(job));
    if let Some(output) = &job.output {
        add("output", in_lines(output.as_str()).join("\n"));
    }
    if let Some(reason) = &job.reason {
        add("reason", out.paint(reason_tone(job.state), &in_lines(reason).join("\n")));
    }
    add("next", next.what.clone());
    if let Some(command) = &next.command {
        add("", command.clone());
    }
    fields
}

/// What it comes of.
fn comes_of(job: &JobRecord, event: Option<&OfEvent>, add: &mut impl FnMut(&'static str, String)) {
    match (event, job.parent) {
        (Some(event), _) => add("event", row(event)),
        (None, Some(parent)) => add("parent", parent.to_string()),
        (None, None) => {}
    }
    if let Some(root) = job.root.filter(|root| *root != job.id && Some(*root) != job.parent) {
        add("root", root.to_string());
    }
}

/// Where it stands in line.
fn lined(job: &JobRecord, add: &mut impl FnMut(&'static str, String)) {
    if let Some(member) = &job.meta.member {
        let step = member
            .step
            .as_deref()
            .map_or_else(String::new, |step| format!(", as {}", in_one_line(step)));
        add("batch", format!("{}{step}", member.batch));
    }
    if let Some(lane) = &job.meta.lane {
        add("lane", in_one_line(lane.key()));
    }
    if let Some(fair) = &job.meta.fair {
        add("turns of", in_one_line(fair.key()));
    }
    if let Some(limited) = &job.meta.limited {
        let name = limited.name().unwrap_or(&job.kind);
        let most = limited.most_running().map(|jobs| format!(", {jobs} at once"));
        add(
            "limit",
            format!(
                "{} {}{}",
                in_one_line(name),
                in_one_line(limited.key()),
                most.unwrap_or_default()
            ),
        );
    }
}

const fn reason_tone(state: State) -> Tone {
    match state {
        State::Dead => Tone::Bad,
        State::Waiting | State::Retryable => Tone::Attention,
        _ => Tone::Plain,
    }
}

/// The key, and until when it is held.
fn unique_key(unique: &Unique) -> String {
    let until = match (unique.until(), unique.period()) {
        (Until::Started, _) => "until it is started".to_owned(),
        (Until::Elapsed, Some(period)) => format!("for {}", time::span(period)),
        _ => "until it has ended".to_owned(),
    };
    format!("{}, {until}", in_one_line(unique.key()))
}

fn queue(out: &Output, job: &JobRecord) -> String {
    match &job.meta.declared_queue {
        Some(declared) => {
            let declared = in_one_line(declared);
            let note = format!("! its kind declares {declared}; the caller chose this one");
            format!("{}  {}", in_one_line(&job.queue), out.paint(Tone::Attention, &note))
        }
        None => in_one_line(&job.queue),
    }
}

fn numbers(job: &JobRecord) -> String {
    let mut text = job.attempt.to_string();
    match (job.failures, job.max_attempts) {
        (0, None) => {}
        (failed, None) => _ = write!(text, " ({failed} failed)"),
        (failed, Some(0)) => _ = write!(text, " ({failed} failed; it is never given up)"),
        (failed, Some(limit)) => _ = write!(text, " ({failed} failed; dead at {limit})"),
    }
    if job.losses > 0 {
        _ = write!(text, ", lost {} with a worker", time::count(job.losses.into(), "time"));
    }
    match job.meta.max_losses {
        None => {}
        Some(0) => text.push_str(", no limit of losses"),
        Some(limit) => _ = write!(text, ", dead when lost {}", time::count(limit.into(), "time")),
    }
    text
}

/// An attempt as it is shown: past ones, and the one that runs or completed the job.
struct Shown<'a> {
    number: u32,
    word: &'static str,
    tone: Tone,
    glyph: Option<State>,
    worker: &'a str,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    error: Option<&'a str>,
}

fn attempts(job: &JobRecord) -> Vec<Shown<'_>> {
    let mut shown: Vec<Shown<'_>> = job.history.iter().map(past).collect();
    let last = match job.state {
        State::Running => Some(("running", Tone::Busy)),
        State::Completed => Some(("ok", Tone::Good)),
        _ => None,
    };
    if let Some((word, tone)) = last {
        shown.push(Shown {
            number: job.attempt,
            word,
            tone,
            glyph: Some(job.state),
            worker: job.worker.as_deref().unwrap_or_default(),
            started_at: job.started_at,
            ended_at: job.finished_at,
            error: None,
        });
    }
    shown
}

fn past(attempt: &Attempt) -> Shown<'_> {
    let (tone, glyph) = match attempt.outcome {
        Outcome::Ok => (Tone::Good, Some(State::Completed)),
        outcome if outcome.counts_as_failure() => (Tone::Bad, Some(State::Dead)),
        Outcome::Cancelled | Outcome::Expired | Outcome::Discarded => {
            (Tone::Dim, Some(State::Cancelled))
        }
        _ => (Tone::Plain, None),
    };
    Shown {
        number: attempt.attempt,
        word: attempt.outcome.word(),
        tone,
        glyph,
        worker: &attempt.worker,
        started_at: attempt.started_at,
        ended_at: attempt.ended_at,
        error: attempt.error.as_deref(),
    }
}

fn attempt_lines(page: &mut String, out: &Output, attempt: &Shown<'_>) {
    let glyph = attempt.glyph.map_or(out.glyphs().dot(), |state| out.glyphs().state(state).0);
    let head =
        out.paint(attempt.tone, &format!("{glyph} {:>2}  {:<9}", attempt.number, attempt.word));
    let mut parts = Vec::new();
    parts.extend(
        attempt.ended_at.or(attempt.started_at).map(|moment| format!("{:<8}", out.moment(moment))),
    );
    parts.push(match (attempt.started_at, attempt.ended_at) {
        (Some(started), Some(ended)) => format!("took {}", time::span(ended.since(started))),
        (Some(started), None) => format!("for {}", time::span(out.now().since(started))),
        _ => "never started".to_owned(),
    });
    if !attempt.worker.is_empty() {
        parts.push(format!("on {}", in_one_line(attempt.worker)));
    }
    line(page, &format!("  {head} {}", parts.join("  ")));
    for text in attempt.error.map(in_lines).unwrap_or_default() {
        line(page, &format!("        {text}"));
    }
}

fn line(page: &mut String, text: &str) {
    page.push_str(text.trim_end());
    page.push('\n');
}

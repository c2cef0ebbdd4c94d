//! Who gets an event, and why the others do not.

use windlass::subscription::{Answer, Decision, EventExplanation, Together};
use windlass::{Client, JobId};
use windlass_http::event::explanation;

use crate::command::event::find;
use crate::exit::Exit;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::time::count;

pub(super) async fn run(client: &Client, text: &str, out: &Output) -> anyhow::Result<Exit> {
    let event = find(client, text).await?;
    let explained = client.explain_event(event.id).await?;
    let explained =
        explained.ok_or_else(|| anyhow::anyhow!("{} was removed just now", event.id))?;
    tell(out, explained, Tried::Published)?;
    Ok(Exit::Done)
}

/// Whether the event that is told of is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command) enum Tried {
    Published,
    Dry,
}

/// Says who gets an event, or would.
pub(in crate::command) fn tell(
    out: &Output,
    explained: EventExplanation,
    tried: Tried,
) -> anyhow::Result<()> {
    let explained = out.redaction()?.event_explanation(explained);
    if out.is_json() {
        return out.json(&explanation(&explained));
    }
    Ok(out.print(&page(out, &explained, tried))?)
}

fn page(out: &Output, explained: &EventExplanation, tried: Tried) -> String {
    let event = &explained.event;
    let what = format!("{} from {}", event.event_type, in_one_line(&event.source));
    let id = out.paint(Tone::Strong, &event.id.to_string());
    let head = match (tried, event.position) {
        (Tried::Dry, _) => format!("{what}: tried, and not published"),
        (Tried::Published, Some(position)) => format!("{id}  {what}: position {position}"),
        (Tried::Published, None) => format!("{id}  {what}: it has no position yet"),
    };
    let mut lines = vec![head];
    if explained.decisions.is_empty() {
        lines.push("  there are no subscriptions".to_owned());
    }
    lines.extend(explained.decisions.iter().map(|decision| line(out, decision, tried)));
    lines.join("\n") + "\n"
}

fn line(out: &Output, decision: &Decision, tried: Tried) -> String {
    let glyphs = out.glyphs();
    let (glyph, tone) = match decision.answer {
        Answer::Fed(_) | Answer::Ended | Answer::Told | Answer::Published => {
            (glyphs.good(), Tone::Good)
        }
        Answer::TooDeep => (glyphs.bad(), Tone::Bad),
        Answer::Unwanted | Answer::Before => (glyphs.bad(), Tone::Dim),
        _ => (glyphs.dot(), Tone::Attention),
    };
    let name = &decision.subscription;
    let got = match got(out, decision, tried) {
        Some(got) => format!("; {got}"),
        None => String::new(),
    };
    format!("  {} {name}: {}{got}", out.paint(tone, glyph), decision.explanation)
}

/// What has come of it; nothing where it is not wanted.
fn got(out: &Output, decision: &Decision, tried: Tried) -> Option<String> {
    let made = decision.made.as_deref().map(in_one_line);
    let got = match decision.answer {
        Answer::Fed(job) => fed(out, decision, job),
        Answer::Gathered(at) => gathered(decision.together, &out.moment_in_full(at)),
        Answer::Ended => "it was fed, and the job of it and others is gone".to_owned(),
        Answer::Told => match made {
            Some(key) => format!("told as the signal {key}"),
            None => "it has no key, and was told to nobody".to_owned(),
        },
        Answer::Published => format!("published as {}", made.unwrap_or_default()),
        Answer::TooDeep => {
            "it is too deep in its tree to be published once more: see `windlass trace`".to_owned()
        }
        Answer::Waiting if tried == Tried::Dry => match made {
            Some(made) => format!("it would become {made}"),
            None => "it would get it".to_owned(),
        },
        Answer::Waiting => "it has not come so far yet".to_owned(),
        Answer::Paused => "it is paused, and gets it when it goes on".to_owned(),
        _ => return None,
    };
    Some(got)
}

fn fed(out: &Output, decision: &Decision, job: JobId) -> String {
    let state = match decision.state {
        Some(state) => out.state(state).paint(out),
        None => "which is not there any more".to_owned(),
    };
    match decision.together {
        Some(Together::With(others)) => format!("{job} with {}, {state}", count(others, "other")),
        Some(Together::ReplacedBy(position)) => {
            format!("position {position} has replaced it: {job}, {state}")
        }
        _ => format!("{job}, {state}"),
    }
}

fn gathered(together: Option<Together>, until: &str) -> String {
    match together {
        Some(Together::With(others)) => {
            format!("it waits with {} until {until}", count(others, "other"))
        }
        Some(Together::ReplacedBy(position)) => {
            format!("position {position} has replaced it, and waits until {until}")
        }
        _ => format!("it waits for others until {until}"),
    }
}

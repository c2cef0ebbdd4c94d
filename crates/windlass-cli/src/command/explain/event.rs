//! Who gets an event, and why the others do not.

use serde::Serialize;
use windlass::subscription::{Answer, Decision, EventExplanation, EventSummary};
use windlass::{Client, JobId, State};

use crate::command::event::find;
use crate::exit::Exit;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::document::Document;
use crate::output::escape::in_one_line;

/// `event_explanation.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    event: EventSummary,
    subscriptions: Vec<DecisionBody<'a>>,
}

/// A subscription inside it.
#[derive(Debug, Serialize)]
struct DecisionBody<'a> {
    name: &'a str,
    wants: bool,
    answer: &'static str,
    clause: &'a str,
    why: &'a str,
    job: Option<JobId>,
    state: Option<State>,
    /// The key of the signal, or the type of the event, that comes of it.
    made: Option<&'a str>,
}

fn body(decision: &Decision) -> DecisionBody<'_> {
    DecisionBody {
        name: &decision.subscription,
        wants: decision.answer.wants(),
        answer: decision.answer.word(),
        clause: &decision.explanation.clause,
        why: &decision.explanation.words,
        job: decision.answer.job(),
        state: decision.state,
        made: decision.made.as_deref(),
    }
}

pub(super) async fn run(client: &Client, text: &str, out: &Output) -> anyhow::Result<Exit> {
    let event = find(client, text).await?;
    let explained = client.explain_event(event.id).await?;
    let explained =
        explained.ok_or_else(|| anyhow::anyhow!("{} was removed just now", event.id))?;
    tell(out, &explained)?;
    Ok(Exit::Done)
}

/// Says who gets an event, or would.
pub(in crate::command) fn tell(out: &Output, explained: &EventExplanation) -> anyhow::Result<()> {
    if out.is_json() {
        let subscriptions = explained.decisions.iter().map(body).collect();
        let body = Body { event: (&explained.event).into(), subscriptions };
        return out.json(&Document::new("event_explanation.v1", body));
    }
    Ok(out.print(&page(out, explained))?)
}

fn page(out: &Output, explained: &EventExplanation) -> String {
    let event = &explained.event;
    let id = out.paint(Tone::Strong, &event.id.to_string());
    let position = match event.position {
        Some(position) => format!("position {position}"),
        None => "it has no position yet".to_owned(),
    };
    let source = in_one_line(&event.source);
    let mut lines = vec![format!("{id}  {} from {source}: {position}", event.event_type)];
    if explained.decisions.is_empty() {
        lines.push("  there are no subscriptions".to_owned());
    }
    lines.extend(explained.decisions.iter().map(|decision| line(out, decision)));
    lines.join("\n") + "\n"
}

fn line(out: &Output, decision: &Decision) -> String {
    let glyphs = out.glyphs();
    let (glyph, tone) = match decision.answer {
        Answer::Fed(_) | Answer::Told | Answer::Published => (glyphs.good(), Tone::Good),
        Answer::TooDeep => (glyphs.bad(), Tone::Bad),
        Answer::Unwanted | Answer::Before => (glyphs.bad(), Tone::Dim),
        _ => (glyphs.dot(), Tone::Attention),
    };
    let got = match (decision.answer, decision.state) {
        (Answer::Fed(job), Some(state)) => format!("; {job}, {}", out.state(state).paint(out)),
        (Answer::Fed(job), None) => format!("; {job}, which is not there any more"),
        (Answer::Told, _) => match &decision.made {
            Some(key) => format!("; told as the signal {}", in_one_line(key)),
            None => "; it has no key, and was told to nobody".to_owned(),
        },
        (Answer::Published, _) => {
            format!("; published as {}", decision.made.as_deref().unwrap_or_default())
        }
        (Answer::TooDeep, _) => {
            "; it is too deep in its tree to be published once more: see `windlass trace`"
                .to_owned()
        }
        (Answer::Waiting, _) => "; it has not come so far yet".to_owned(),
        (Answer::Paused, _) => "; it is paused, and gets it when it goes on".to_owned(),
        _ => String::new(),
    };
    let name = &decision.subscription;
    format!("  {} {name}: {}{got}", out.paint(tone, glyph), decision.explanation)
}

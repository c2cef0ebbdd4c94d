//! What is said of a job that the store threw away.

use serde::Serialize;
use windlass::{JobId, NewJob};

use crate::exit::Exit;
use crate::output::Output;
use crate::output::color::Tone;
use crate::output::document::Document;

/// `discarded.v1`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    id: JobId,
    kind: &'a str,
    queue: &'a str,
}

pub(super) fn tell(job: &NewJob, out: &Output) -> anyhow::Result<Exit> {
    let (id, kind, queue) = (job.id, job.kind.as_str(), job.queue.as_str());
    if out.is_json() {
        out.json(&Document::new("discarded.v1", Body { id, kind, queue }))?;
        return Ok(Exit::Done);
    }
    let id = id.to_string();
    if out.is_plain() {
        out.line(&[id.as_str(), kind, queue, "discarded"].join("\t"))?;
        return Ok(Exit::Done);
    }
    let id = out.paint(Tone::Strong, &id);
    out.line(&format!("{id}  discarded: the store discard: keeps nothing"))?;
    Ok(Exit::Done)
}

//! `windlass op pause`, `resume`, `stop` and `undo`.

use windlass::operation::{Control, Controlled, OperationRecord};
use windlass::store::Now;
use windlass::{Client, OperationId, Timestamp};
use windlass_http::operation::document;
use windlass_http::words::operation::{KEPT, undoing};

use super::show::skipped_lines;
use super::wait::wait;
use crate::exit::{Exit, Failure};
use crate::output::ask::{self, Answer};
use crate::output::{Output, time};

pub(super) async fn control(
    client: &Client,
    (id, control): (OperationId, Control),
    out: &Output,
) -> anyhow::Result<Exit> {
    let record = ask(client, (id, control)).await?;
    if out.is_json() {
        out.json(&document(&record))?;
    } else {
        out.done(&format!("{id} is {}", record.state), &format!("see it: windlass op show {id}"))?;
    }
    Ok(Exit::Done)
}

async fn ask(
    client: &Client,
    (id, control): (OperationId, Control),
) -> anyhow::Result<OperationRecord> {
    match client.store().control_operation(id, control, Now::Database).await? {
        Controlled::Done(record) => Ok(record),
        Controlled::Unfit(record) => {
            let late = match record.undo_until {
                Some(until) if control == Control::Undo => {
                    format!(", and could be undone until {until}")
                }
                _ => String::new(),
            };
            let what =
                format!("{id} is {}{late}: there is nothing to {}", record.state, control.word());
            Err(Failure::new(Exit::Conflict, what).into())
        }
        _ => {
            let what = format!("there is no operation {id}; see `windlass op list`");
            Err(Failure::new(Exit::NotFound, what).into())
        }
    }
}

/// Asks on a terminal before an operation is undone. What a script does can be done again, so that nobody has to be there.
pub(super) fn confirm(record: &OperationRecord, out: &Output) -> anyhow::Result<()> {
    let (may, done) = (Control::Undo.after(record, Timestamp::wall_clock()), record.progress.done);
    if out.is_json() || may.is_none() || done == 0 || !ask::is_somebody_there() {
        return Ok(());
    }
    let action = record.action.word();
    let jobs = time::count(done, "job");
    out.aside(&format!("{action} of {jobs}. {} {KEPT}\n", undoing(action)));
    match ask::for_count(done)? {
        Answer::Yes | Answer::Nobody => Ok(()),
        Answer::No => {
            Err(Failure::new(Exit::Conflict, "the count was not typed; nothing was changed").into())
        }
    }
}

/// Undoes it, and waits for that.
pub(super) async fn undo(client: &Client, id: OperationId, out: &Output) -> anyhow::Result<Exit> {
    ask(client, (id, Control::Undo)).await?;
    let record = wait(client, id, out).await?;
    let (undone, kept) = (record.progress.undone, &record.progress.kept);
    if out.is_json() {
        out.json(&document(&record))?;
    } else {
        let jobs = time::count(undone, "job");
        let verb = if undone == 1 { "is" } else { "are" };
        out.done(&format!("{jobs} {verb} as before"), &format!("see it: windlass op show {id}"))?;
        skipped_lines(out, "kept", kept)?;
    }
    if kept.total() == 0 {
        return Ok(Exit::Done);
    }
    let what = format!(
        "{} of {} could not be put back; see `windlass op show {id}`",
        time::number(kept.total()),
        time::count(undone + kept.total(), "job")
    );
    Err(Failure::new(Exit::PartlyFailed, what).into())
}

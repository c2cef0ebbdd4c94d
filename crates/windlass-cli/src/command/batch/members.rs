//! The jobs of a batch, as part of its page and of its document.

use serde::Serialize;
use windlass::batch::{BatchRecord, MemberRecord};
use windlass::{BatchId, Client, JobId, JobRecord, State, StoreError};

use crate::output::color::Tone;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, time};

/// Some jobs of a batch, oldest first.
#[derive(Debug, Serialize)]
pub(super) struct Members {
    members: Vec<Member>,
    /// Whether there are newer ones.
    more: bool,
}

/// One of them; of one that was removed there is left how it ended.
#[derive(Debug, Serialize)]
struct Member {
    job: JobId,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    kind: Option<String>,
    queue: Option<String>,
    state: Option<State>,
}

impl Members {
    pub(super) async fn of(
        client: &Client,
        batch: BatchId,
        (after, limit): (Option<JobId>, usize),
    ) -> Result<Self, StoreError> {
        // One more than asked for tells whether there is another page.
        let mut found = client.members(batch, after, limit + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let mut members = Vec::with_capacity(found.len());
        for member in found {
            let job = client.job(member.job).await?;
            members.push(Member::of(member, job));
        }
        Ok(Self { members, more })
    }

    /// The part of the page; nothing where there are none.
    pub(super) fn section(&self, out: &Output, batch: &BatchRecord) -> String {
        let Some(last) = self.members.last() else { return String::new() };
        let mut section = format!("\n{}", self.table(out).render(out));
        if self.more && !out.is_plain() {
            let shown = time::number(self.members.len() as u64);
            let of = time::number(batch.jobs.all());
            let dot = out.glyphs().dot();
            let page = format!("{shown} of {of} {dot} next page: --cursor {}", last.job);
            section.push_str(&format!("{}\n", out.paint(Tone::Dim, &page)));
        }
        section
    }

    fn table(&self, out: &Output) -> Table {
        let has_steps = self.members.iter().any(|member| member.step.is_some());
        let mut columns = vec![
            Column::whole("ID"),
            Column::text("KIND", 10),
            Column::text("QUEUE", 6).expendable(1),
            Column::whole("STATE"),
        ];
        columns.extend(has_steps.then(|| Column::text("STEP", 8)));
        let mut table = Table::new(columns);
        for member in &self.members {
            let text = |text: &Option<String>| Cell::new(text.as_deref().unwrap_or_default());
            let state = member.state.map_or_else(|| Cell::new("gone"), |state| out.state(state));
            let mut cells = vec![
                Cell::new(member.job.to_string()),
                text(&member.kind),
                text(&member.queue),
                state,
            ];
            cells.extend(has_steps.then(|| text(&member.step)));
            table.push(cells);
        }
        table
    }
}

impl Member {
    fn of(member: MemberRecord, job: Option<JobRecord>) -> Self {
        let state = job.as_ref().map(|job| job.state).or(member.ended);
        let (kind, queue) = job.map(|job| (job.kind, job.queue)).unzip();
        Self { job: member.job, step: member.step, kind, queue, state }
    }
}

//! Minimum builds: the oldest of each program that takes new work.

use windlass::Client;
use windlass::worker::{MinimumBuild, RequiredBuild, WorkerRecord, program_of};

use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::output::color::Tone;
use crate::output::escape::in_one_line;
use crate::output::table::{Cell, Column, Table};
use crate::output::{Output, document, time};
use crate::store;

pub(super) async fn require(
    build: &str,
    note: Option<String>,
    globals: &Globals,
) -> anyhow::Result<Exit> {
    let unusable = |error| Failure::usage(format!("{error}; nothing was changed"));
    let minimum = MinimumBuild { note, ..MinimumBuild::new(build).map_err(unusable)? };
    minimum.check().map_err(unusable)?;
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    client.require_build(&minimum).await?;
    let workers = client.workers().await?;
    if out.is_json() {
        let set = client.required_builds().await?;
        let set = set.into_iter().find(|one| one.minimum.program == minimum.program);
        let what = || windlass::StoreError::NotFound { what: minimum.to_string() };
        out.json(&document::required_build(&set.ok_or_else(what)?, &workers))?;
        return Ok(Exit::Done);
    }
    let held = time::count(held_back(&minimum, &workers) as u64, "worker");
    out.done(
        &format!("workers below {minimum} take no new work, {held} by now; what they run goes on"),
        &format!("to undo it: windlass worker allow '{}'", in_one_line(&minimum.program)),
    )?;
    Ok(Exit::Done)
}

pub(super) async fn allow(program: &str, globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let shown = in_one_line(program);
    if !client.allow_builds(program).await? {
        let what = format!(
            "no minimum build is set for {shown}; nothing was changed; see `windlass worker required`"
        );
        return Err(Failure::new(Exit::NotFound, what).into());
    }
    if out.is_json() {
        out.json(&document::required_build_removed(program))?;
    } else {
        let done = format!("workers of {shown} take work whatever their build");
        out.done(&done, "see them: windlass worker list")?;
    }
    Ok(Exit::Done)
}

pub(super) async fn list(globals: &Globals) -> anyhow::Result<Exit> {
    let out = &globals.out;
    let client = Client::new(store::existing(&globals.store).await?);
    let required = client.required_builds().await?;
    let workers = client.workers().await?;
    if out.is_json() {
        let bodies: Vec<_> =
            required.iter().map(|one| document::required_build(one, &workers)).collect();
        out.json(&bodies)?;
    } else if required.is_empty() && !out.is_plain() {
        out.line("no minimum build is set; set one: windlass worker require 'PROGRAM VERSION'")?;
    } else {
        out.table(&table(out, &required, &workers))?;
    }
    Ok(Exit::Done)
}

fn table(out: &Output, required: &[RequiredBuild], workers: &[WorkerRecord]) -> Table {
    let mut table = Table::new(vec![
        Column::text("PROGRAM", 8),
        Column::whole("MINIMUM"),
        Column::number("WORKERS"),
        Column::number("BELOW"),
        Column::whole("SET").expendable(2),
        Column::text("NOTE", 10).expendable(1),
    ]);
    for RequiredBuild { minimum, set_at } in required {
        let below = held_back(minimum, workers);
        let tone = if below > 0 { Tone::Attention } else { Tone::Plain };
        let of_program = workers.iter().filter(|one| program_of(&one.build).0 == minimum.program);
        table.push(vec![
            Cell::new(in_one_line(&minimum.program)),
            Cell::new(minimum.version.to_string()),
            Cell::new(of_program.count().to_string()),
            Cell::toned(tone, below.to_string()),
            Cell::toned(Tone::Dim, out.moment(*set_at)),
            Cell::toned(Tone::Dim, minimum.note.as_deref().map(in_one_line).unwrap_or_default()),
        ]);
    }
    table
}

/// How many workers take no new work for it.
fn held_back(minimum: &MinimumBuild, workers: &[WorkerRecord]) -> usize {
    workers.iter().filter(|worker| minimum.holds_back(&worker.build)).count()
}

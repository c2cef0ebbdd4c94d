//! Minimum builds: whom they hold back, and whether anybody meets them.

use windlass::worker::{MinimumBuild, WorkerRecord, program_of};

use super::line::{Line, line};
use super::{Check, Findings, is_over};
use crate::words::escape::in_one_line;

pub(super) fn all(found: &Findings) -> Vec<Check> {
    held_back(found).into_iter().chain(unmet(found)).collect()
}

fn live(found: &Findings) -> impl Iterator<Item = &WorkerRecord> {
    found.overview.workers.iter().filter(|worker| !is_over(worker, found.facts.now))
}

fn held_back(found: &Findings) -> Option<Check> {
    let told = |worker: &WorkerRecord| {
        let minimum = worker.held_back.as_ref()?;
        let note = minimum.note.as_deref().map(in_one_line);
        let note = note.map_or_else(String::new, |note| format!(": {note}"));
        let (build, minimum) = (in_one_line(&worker.build), in_one_line(&minimum.to_string()));
        Some(format!("{}: {build}, below {minimum}{note}", worker.label).into())
    };
    let held: Vec<Line> = live(found).filter_map(told).collect();
    (!held.is_empty()).then(|| {
        Check::warning("builds", "held back by their build, so that they take no new work")
            .listing(held)
            .advise(line().words("deploy the newer build there; ").run("windlass worker required"))
    })
}

/// A minimum that no live worker meets: nothing of its program runs, or the version was mistyped.
fn unmet(found: &Findings) -> Option<Check> {
    let is_met = |minimum: &MinimumBuild| {
        let mut of_program = live(found).filter(|one| program_of(&one.build).0 == minimum.program);
        of_program.any(|one| !minimum.holds_back(&one.build))
    };
    let unmet: Vec<&MinimumBuild> =
        found.required.iter().map(|one| &one.minimum).filter(|one| !is_met(one)).collect();
    let first = in_one_line(&unmet.first()?.program);
    let told = unmet.iter().map(|one| in_one_line(&one.to_string()).into()).collect();
    let fix =
        line().words("start such a worker, or ").run(format!("windlass worker allow '{first}'"));
    let check = Check::warning("builds", "minimum builds that no live worker meets");
    Some(check.listing(told).advise(fix))
}

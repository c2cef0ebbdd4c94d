//! Minimum builds: whom they hold back, and whether anybody meets them.

use windlass::worker::{MinimumBuild, WorkerRecord, program_of};

use super::checks::listed;
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
        Some(format!("{}: {build}, below {minimum}{note}", worker.label))
    };
    let held: Vec<String> = live(found).filter_map(told).collect();
    (!held.is_empty()).then(|| {
        let detail =
            format!("held back by their build, so that they take no new work\n{}", listed(&held));
        Check::warning("builds", detail)
            .fix("deploy the newer build there; windlass worker required")
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
    let told: Vec<String> = unmet.iter().map(|one| in_one_line(&one.to_string())).collect();
    let detail = format!("minimum builds that no live worker meets\n{}", listed(&told));
    let fix = format!("start such a worker, or windlass worker allow '{first}'");
    Some(Check::warning("builds", detail).fix(fix))
}

//! Random lives: a store and the rules of the domain are given the same steps, and must agree
//! about every job after each of them.
//!
//! The rules (`rules`) are a few lines per verb, held to the table of transitions; they know
//! no SQL, no batches and no bytes. A checker that has never failed proves nothing, so the same
//! steps run against stores with a fault put in (`fault`), and must disagree there.

mod compare;
mod conditions;
mod driver;
mod events;
mod fault;
mod line_steps;
mod lines;
mod rules;
mod schedules;
mod steps;

use std::sync::{Arc, Mutex, PoisonError};

use crate::database::{Database, run};
use crate::fixture::StoreFixture;

use driver::{Driver, Life};
use fault::{Fault, FaultyStore};

/// Lives of one run, each with a seed and a database of its own.
const SEEDS: std::ops::Range<u64> = 0..16;
/// The same where faults are put in: lives are led until all have shown.
const FAULTY_SEEDS: std::ops::Range<u64> = 0..32;
/// Steps of one life.
const STEPS: usize = 250;
/// Lives at the same time.
const TOGETHER: usize = 4;

/// Leads many lives, some side by side: most of their time they wait for the disk. The variable
/// `WINDLASS_SEED` picks one.
///
/// # Panics
/// When the store and the rules disagree; with the seed and the last steps.
pub fn agree<D: Database>(fresh: impl Fn() -> D + Sync) {
    let chosen = std::env::var("WINDLASS_SEED").ok();
    let chosen = chosen.map(|text| text.parse().expect("WINDLASS_SEED is a number"));
    let seeds = Mutex::new(chosen.map_or(SEEDS, |seed| seed..seed + 1));
    let next = || seeds.lock().unwrap_or_else(PoisonError::into_inner).next();
    let lead = || {
        while let Some(seed) = next() {
            if let Err(difference) = run(fresh(), |fixture| live(fixture, seed, None)) {
                panic!("seed {seed} (WINDLASS_SEED={seed} runs it alone): {difference}");
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER {
            scope.spawn(lead);
        }
    });
}

/// Puts each fault into a store and leads lives until it has shown. Lives in which the store
/// itself disagrees prove nothing.
///
/// # Panics
/// When a fault shows in no life: the check that should see it is blind.
pub fn catch_every_fault<D: Database>(fresh: impl Fn() -> D) {
    let lead = |seed, fault| run(fresh(), |fixture| live(fixture, seed, fault));
    let mut hidden = Fault::ALL.to_vec();
    for seed in FAULTY_SEEDS {
        let can_show = |fault: &Fault| !fault.needs_lines() || Life::of(seed) == Life::InLine;
        if hidden.iter().any(can_show) && lead(seed, None).is_ok() {
            hidden.retain(|fault| !can_show(fault) || lead(seed, Some(*fault)).is_ok());
        }
    }
    assert!(hidden.is_empty(), "in no life that is otherwise sound did these show: {hidden:?}");
}

/// One life; how the store and the rules disagree, if they do.
async fn live(fixture: StoreFixture, seed: u64, fault: Option<Fault>) -> Result<(), String> {
    let store = match fault {
        None => fixture.shared_store(),
        Some(fault) => Arc::new(FaultyStore::new(fixture.shared_store(), fault)),
    };
    let mut driver = Driver::new(store, fixture.moment(), seed);
    for _ in 0..STEPS {
        let step = driver.step().await;
        step.map_err(|difference| format!("{difference}\nafter\n{}", driver.last_steps()))?;
    }
    Ok(())
}

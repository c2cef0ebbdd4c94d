//! A short torture of each store; the program `torture` runs longer ones.

use std::time::Duration;

use windlass_testkit::torture::{Options, Target, run};

/// How long faults come.
const LENGTH: Duration = Duration::from_secs(20);

/// T13, T37, T43, O5, O16, O17, O23, S1, S2, I-B1–I-B4, I-T1, I-E1–I-E7: kills, freezes, terminations, held tables, cancels, moves, retries and
/// pauses by chance, the worker that leads killed or frozen every five seconds, and on PostgreSQL crashes of the server and ended
/// sessions: nothing acknowledged is lost, nothing is settled twice, batches end once and workflows that fail are undone; of what eight
/// writers publish each subscription gets each event that it wants once, and each record of a feed that the workers read is there once, in
/// order, though the one that reads is killed and frozen. `WINDLASS_SEED` repeats the plan.
fn nothing_is_lost_under_random_faults(target: Target) {
    let seed = std::env::var("WINDLASS_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("WINDLASS_SEED={seed}");
    let options = Options { seed, length: LENGTH, probe: env!("CARGO_BIN_EXE_probe").into() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be started");
    let report = runtime.block_on(run(target, &options));
    println!("{report}");
    assert!(report.is_clean(), "{report}");
    let verdict = report.verdict();
    assert!(verdict.events >= 200 && verdict.rolled_back > 0 && verdict.fed >= 200, "{report}");
    assert!(verdict.acknowledged >= 200 && verdict.batches >= 2 && verdict.steps >= 10, "{report}");
}

mod sqlite {
    #[test]
    fn nothing_is_lost_under_random_faults() {
        super::nothing_is_lost_under_random_faults(super::Target::sqlite());
    }
}

mod postgres {
    #[test]
    fn nothing_is_lost_under_random_faults() {
        super::nothing_is_lost_under_random_faults(super::Target::postgres());
    }
}

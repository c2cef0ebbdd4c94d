//! Processes that die, freeze and stop, databases that go away, answers that get lost.

use windlass_testkit::database::Database;
use windlass_testkit::fault::process_fixture::{ProcessFixture, play};

mod chaos;
mod checker;
mod connections;
mod disk;
mod frozen;
mod handlers;
mod isolated;
mod killed;
mod listener;
mod lost_answer;
mod mixed;
mod outage;
mod poison;
mod restart;
mod shared;
mod skewed;
mod sources;
mod steps;
mod terminated;
mod torture;

/// Plays a test with the probe of this crate.
fn with_probes<F: Future>(database: impl Database, test: impl FnOnce(ProcessFixture) -> F) {
    play(database, env!("CARGO_BIN_EXE_probe"), test);
}

/// The same tests on a SQLite file and on a PostgreSQL database.
macro_rules! on_both_stores {
    ($($test:ident)+) => {
        mod sqlite {
            $(
                #[test]
                fn $test() {
                    let database = windlass_testkit::database::SqliteFile::fresh();
                    crate::faults::with_probes(database, super::$test);
                }
            )+
        }
        mod postgres {
            $(
                #[test]
                fn $test() {
                    let database = windlass_testkit::database::PostgresDatabase::fresh();
                    crate::faults::with_probes(database, super::$test);
                }
            )+
        }
    };
}
use on_both_stores;

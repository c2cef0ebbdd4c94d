//! What every store does: one function per behaviour, grouped by noun and verb.
//!
//! The scenarios and invariants that a behaviour shows are named in its first line. Each runs on
//! a fresh database of each store: see [`conformance!`](crate::conformance!).

pub mod alert;
pub mod audit;
pub mod batch;
pub mod condition;
pub mod edit;
pub mod event;
pub mod health;
pub mod idempotency;
pub mod job;
pub mod limit;
mod list;
mod list_of_events;
mod list_of_jobs;
pub mod maintenance;
pub mod operation;
pub mod progress;
pub mod queue;
pub mod schedule;
pub mod source;
pub mod stats;
pub mod step;
pub mod store;
pub mod subscription;
pub mod token;
pub mod user;
pub mod worker;

/// C34: every behaviour and the model as tests of one store, from one list: `conformance!(sqlite)`.
#[macro_export]
macro_rules! conformance {
    (sqlite) => {
        $crate::behaviours!($crate::database::SqliteFile::fresh);
    };
    (postgres) => {
        $crate::behaviours!($crate::database::PostgresDatabase::fresh);
    };
}

/// Tests by noun, verb and name, each on a database of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! tests_of {
    ($database:path; $($noun:ident { $($verb:ident { $($behaviour:ident)+ })+ })+) => {
        $(
            mod $noun {
                $(
                    mod $verb {
                        $(
                            #[test]
                            fn $behaviour() {
                                $crate::database::run(
                                    $database(),
                                    $crate::conformance::$noun::$verb::$behaviour,
                                );
                            }
                        )+
                    }
                )+
            }
        )+
    };
}

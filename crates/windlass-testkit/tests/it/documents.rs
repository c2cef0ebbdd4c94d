//! Numbers that documents and manifests promise, held against what is compiled.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A new direct dependency of the core library is a decision: who makes it changes this number too.
const CORE_DEPENDENCIES: usize = 13;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path)).expect("it is there")
}

/// E18: the core library has no more direct dependencies than were agreed on.
#[test]
fn the_core_has_few_dependencies() {
    let manifest = read("crates/windlass-core/Cargo.toml");
    let section = manifest.split("[dependencies]\n").nth(1).expect("it has some");
    let direct: Vec<&str> = section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.contains('='))
        .collect();
    assert!(direct.len() <= CORE_DEPENDENCIES, "{direct:?}");
    assert!(direct.len() > 5, "the manifest was read: {direct:?}");
    let other = manifest.contains("[target.") || manifest.contains("[build-dependencies]");
    assert!(!other, "dependencies of other sections are not counted");
}

/// A constant as plain numbers: durations in seconds.
trait Numbers {
    fn numbers(&self) -> Vec<f64>;
}

impl Numbers for Duration {
    fn numbers(&self) -> Vec<f64> {
        vec![self.as_secs_f64()]
    }
}

impl<const N: usize> Numbers for [Duration; N] {
    fn numbers(&self) -> Vec<f64> {
        self.iter().map(Duration::as_secs_f64).collect()
    }
}

macro_rules! whole_numbers {
    ($($type:ty)+) => {
        $(impl Numbers for $type {
            fn numbers(&self) -> Vec<f64> {
                vec![*self as f64]
            }
        })+
    };
}
whole_numbers! { u16 u32 u64 usize }

macro_rules! limits {
    ($($name:ident)+) => {
        BTreeMap::from([$((stringify!($name), windlass_core::limits::$name.numbers())),+])
    };
}

/// What a cell of the page says, as plain numbers.
fn said(cell: &str) -> Vec<f64> {
    let one = |text: &str| {
        let (digits, unit) = text.split_once(' ').unwrap_or((text, ""));
        let number: f64 = digits.replace(',', "").parse().expect("a number");
        let unit = match unit {
            "" | "bytes" | "s" => 1.0,
            "KiB" => 1_024.0,
            "MiB" => 1_048_576.0,
            "ms" => 0.001,
            "min" => 60.0,
            "h" => 3_600.0,
            "days" => 86_400.0,
            other => panic!("{other} is not a unit"),
        };
        number * unit
    };
    cell.split(", ").map(one).collect()
}

/// X11: the page of limits, which is generated, has every limit that is compiled, and the same numbers.
#[test]
fn the_page_of_limits_says_what_is_compiled() {
    let mut compiled = of_what_is_written();
    compiled.extend(of_what_is_looked_at());
    compiled.extend(of_what_runs());
    let page = read("docs/limits.md");
    let rows = page.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        Some((name, said(rest.split_once(" | ")?.0)))
    });
    let written: BTreeMap<_, _> = rows.collect();
    let names = |of: &BTreeMap<&str, Vec<f64>>| {
        of.keys().map(|name| (*name).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&written), names(&compiled));
    for (name, numbers) in &written {
        let same = numbers.iter().zip(&compiled[name]).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(same && numbers.len() == compiled[name].len(), "{name}: {numbers:?}");
    }
    let source = read("crates/windlass-core/src/limits.rs");
    let declared = source.lines().filter(|line| line.starts_with("pub const ")).count();
    assert_eq!(declared, compiled.len(), "a limit is missing in this test");
}

/// What is written, and schedules.
fn of_what_is_written() -> BTreeMap<&'static str, Vec<f64>> {
    limits! {
        ARGS_BYTES
        FILTER_BYTES
        FILTER_TYPES
        TYPE_PATTERN_BYTES
        FILTER_PREDICATES
        FILTER_DEPTH
        FILTER_TEXT_BYTES
        DATA_PATH
        SQL_BYTES
        SQL_DEPTH
        SQL_RESULT_BYTES
        SOURCE_PAGE
        SOURCE_PAGE_BYTES
        SOURCE_RECORDS
        SOURCE_BEHIND
        SOURCE_EVERY
        SOURCE_LATE
        SOURCE_PACE
        SOURCE_PAGE_TIME
        SOURCE_HOLD
        SOURCE_BACKOFF_CAP
        SOURCE_PANIC_CAP
        CURSOR_BYTES
        QUARANTINE
        QUARANTINE_BYTES
        QUESTION_BYTES
        ANSWER_BYTES
        SOURCE_GAPS
        PUBLISH_EVENTS
        ROUTE_EVENTS
        ANSWERED_REQUESTS
        REQUESTS
        CATCH_UP_EVENTS
        ROUTE_JOBS
        ROUTE_TIME
        WINDOW_EVENTS
        SHORTEST_WINDOW
        LONGEST_WINDOW
        CLOSE_WINDOWS
        CLOSE_EVENTS
        KEEP_EVENTS
        LARGEST_KEEP
        FORGET_EVENTS
        MISSED_EVENTS
        CREDIT
        EXPLAINED_EVENTS
        TREE_DEPTH
        KEYED_NAME_BYTES
        KEY_VALUE_BYTES
        BESIDE
        BESIDE_BYTES
        TRACED
        BACKTEST_EVENTS
        BACKTEST_SAMPLES
        TYPES_EVENTS
        EXTENSIONS
        EXTENSION_CHARS
        EXTENSION_BYTES
        OUTPUT_BYTES
        ERROR_BYTES
        NAME_CHARS
        DUPLICATES
        RULE_BYTES
        SHORTEST_INTERVAL
        MISSED_AFTER
        MISSED_RUNS
        MISSED_COUNTED
        FIRE_SCHEDULES
        FIRE_JOBS
        FIRE_BYTES
        KEY_PERIOD
        LONGEST_INTERVAL
        ROOM_WAIT
        BOUNDS_SEEN
        EXPIRY
    }
}

/// What is looked at, lines, and conditions.
fn of_what_is_looked_at() -> BTreeMap<&'static str, Vec<f64>> {
    limits! {
        KEY_BYTES
        TAGS
        MARKS
        MARK_BYTES
        LINE
        OTHER_LINES
        PLACE_HOLDERS
        FEW_TAGGED
        FIND_BYTES
        FIND_TERMS
        FIND_VALUES
        FIND_ROWS
        FIND_TIME
        ESTIMATE_ROWS
        ERROR_GROUP_JOBS
        ERROR_GROUP_SAMPLES
        LOOKED_AT
        LINES_LOOKED_AT
        NAMED
        LATENCY
        FAILING
        RUNNING_LONG
        DIED_WITHIN
        LONG_LANE
        UNSERVED
        ALERT_FAILURES
        ALERT_CHANGES
        ALERT_JOBS
        ALERT_KEY_BYTES
        SHORTEST_AGING
        LONGEST_AGING
        MINIMUM_BUILDS
        RESERVED_KINDS
        NOTE_BYTES
        SUBJECT_BYTES
        LINE_KEY_BYTES
        LIMIT_PERIOD
        CONDITIONS
        CONDITION_NAME_BYTES
        LONGEST_WAIT
        STEPS
        STEP_NAME_BYTES
        LISTED
        EDGES
        STEPS_BYTES
        PROGRESS_EVERY
        PROGRESS_NOTE_BYTES
        LOG_LINES
        LOG_LINE_BYTES
        LOG_BYTES
        LANE_KINDS
        TURN_WEIGHT
        LARGEST_NUMBER
        TOKEN_NAME_BYTES
        TOKEN_PATTERNS
        SESSION_IDLE
        SESSION_TIME
        SESSIONS
        KEEP_REQUESTS
        REQUEST_HELD
        KEEP_ACTS
        ACT_BYTES
        ACT_DOCUMENT_BYTES
        OPERATION_JOBS
        OPERATION_LOOK
        OPERATION_FILTER_BYTES
        OPERATION_SAMPLES
        OPERATION_COUNT
        OPERATION_UNDO
        OPERATION_KEEP
        STATS_EVERY
        STATS_PAIRS
        STATS_OTHERS
        STATS_CELLS
        STATS_WAITING
        STATS_PARTS
        STATS_PRUNED
        STATS_DEPTH
        STATS_DEPTH_ALL
        STATS_DEPTH_LEAST
        STATS_LEASES
        KEEP_STATS_HOUR
        KEEP_STATS_DAY
        KEEP_STATS
        STATS_LATE
        STATS_POINTS
        STATS_SERIES
    }
}

/// Attempts, workers, and what leaders do.
fn of_what_runs() -> BTreeMap<&'static str, Vec<f64>> {
    limits! {
        HISTORY_ENTRIES
        MAX_ATTEMPTS
        MAX_LOSSES
        SUSPECT_LOSSES
        TIMEOUT
        ISOLATED_TERMINATE
        ISOLATED_KILL
        REPORT_TIME
        REPORTS_WAITING
        ABANDON_AFTER
        RETRY_CAP
        LEASE
        HEARTBEAT
        SWEEP
        FOLLOWERS_A_SWEEP
        FOLLOWER_SWEEP
        LEADER_TTL
        TIDY
        ALERT
        GRACE
        CLAIM_JOBS
        CLAIM_BYTES
        SETTLE_JOBS
        SWEEP_JOBS
        ENQUEUE_JOBS
        PREFETCH_AHEAD
        HAND_BACK_AFTER
        POLL_WAITS
        START_WAIT
        RECONNECT_CAP
        KEEP_FINISHED
        COUNT_DEADLINE
        COUNTED
        COUNTED_ALL
        COUNTED_LEAST
    }
}

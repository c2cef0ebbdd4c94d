//! Every limit of the system, in one place, with its unit.

use std::time::Duration;

/// Bytes of JSON a job's args may have.
pub const ARGS_BYTES: usize = 256 * 1024;
/// Bytes of JSON a job's output may have; a larger one is replaced by a note of its size.
pub const OUTPUT_BYTES: usize = 256 * 1024;
/// Bytes of an error's text that are kept; a longer one ends with a mark that says so.
pub const ERROR_BYTES: usize = 8 * 1024;
/// Characters of a kind's or a queue's name, and of a minimum build.
pub const NAME_CHARS: usize = 128;
/// Programs that may have a minimum build: every heartbeat brings all of them.
pub const MINIMUM_BUILDS: usize = 100;
/// Bytes of the note of a minimum build.
pub const NOTE_BYTES: usize = 1_024;
/// Jobs that were not written since their unique key was held: so many of the newest are listed.
pub const DUPLICATES: usize = 1_000;
/// Bytes of a schedule's cron line.
pub const RULE_BYTES: usize = 256;
/// The shortest interval of a schedule.
pub const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// A due time of a schedule that is noticed later than this was missed.
pub const MISSED_AFTER: Duration = Duration::from_secs(60);
/// Runs of a schedule that are made up for, where each missed one is to happen: the newest.
pub const MISSED_RUNS: usize = 1_000;
/// Missed runs of a schedule that are counted one by one; the rest of a longer silence is passed over.
pub const MISSED_COUNTED: u64 = 100_000;
/// Schedules of one round of firing.
pub const FIRE_SCHEDULES: usize = 1_000;
/// Jobs of one call that fires schedules; a single schedule may have more.
pub const FIRE_JOBS: usize = 1_000;
/// Bytes of args of one such call; a single job may have more.
pub const FIRE_BYTES: usize = 8 * 1024 * 1024;
/// The longest time for which a unique key is held.
pub const KEY_PERIOD: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// The longest interval of a schedule.
pub const LONGEST_INTERVAL: Duration = KEY_PERIOD;
/// How long an enqueue waits for room in a queue whose bound says so, unless its client says otherwise.
pub const ROOM_WAIT: Duration = Duration::from_secs(30);
/// How long a client goes by the bounds of queues that it saw.
pub const BOUNDS_SEEN: Duration = Duration::from_secs(2);
/// The shortest time of waiting that makes a job's priority smaller by one, in a queue whose jobs age.
pub const SHORTEST_AGING: Duration = Duration::from_secs(1);
/// The longest such time.
pub const LONGEST_AGING: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest time after which a job expires, from when it is written.
pub const EXPIRY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// Bytes of a unique key.
pub const KEY_BYTES: usize = 1_024;
/// Events of one call.
pub const PUBLISH_EVENTS: usize = 10_000;
/// Events of one round of feeding subscriptions.
pub const ROUTE_EVENTS: usize = 500;
/// How long events stay in the log, unless it is said otherwise.
pub const KEEP_EVENTS: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest that events can be kept.
pub const LARGEST_KEEP: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);
/// Positions that are told of those that a subscription has missed.
pub const MISSED_EVENTS: usize = 20;
/// Events that are removed in one transaction.
pub const FORGET_EVENTS: usize = 1_000;
/// Events of one round for a subscription that catches up while others are live and get some.
pub const CATCH_UP_EVENTS: usize = 100;
/// Requests by SQL that are answered in one round of feeding: nobody is fed meanwhile.
pub const ANSWERED_REQUESTS: usize = 20;
/// Requests by SQL that are listed.
pub const REQUESTS: usize = 1_000;
/// How long filters are asked for one part of the log: it ends with the event that takes it beyond this.
pub const ROUTE_TIME: Duration = Duration::from_millis(200);
/// Events that become one job together at most.
pub const WINDOW_EVENTS: usize = 1_000;
/// The shortest time that events wait for others, to become one job with them.
pub const SHORTEST_WINDOW: Duration = Duration::from_millis(1);
/// The longest time that a batch waits for more events, and that the latest one is waited for.
pub const LONGEST_WINDOW: Duration = Duration::from_secs(31 * 24 * 60 * 60);
/// Windows of events that are closed in one transaction.
pub const CLOSE_WINDOWS: usize = 200;
/// Events of the windows that are closed in one transaction, unless the first has more.
pub const CLOSE_EVENTS: usize = 2_000;
/// Jobs that subscriptions are fed in one transaction.
pub const ROUTE_JOBS: usize = 1_000;
/// Jobs of one subscription that may be unfinished, unless it says otherwise.
pub const CREDIT: u32 = 10_000;
/// Bytes of the name of a subscription whose lane's or signal's keys begin with it.
pub const KEYED_NAME_BYTES: usize = 95;
/// Bytes of an event's value that tell keys apart; longer ones that begin alike are one.
pub const KEY_VALUE_BYTES: usize = 160;
/// Signals that are told, and events that are published once more, in one part of the log.
pub const BESIDE: usize = 256;
/// Bytes of their data, beyond which the part ends.
pub const BESIDE_BYTES: usize = 1024 * 1024;
/// Jobs and events between one and the root of its tree: beyond that a handler enqueues and publishes nothing.
pub const TREE_DEPTH: u16 = 100;
/// Jobs, and events, of a tree that are shown.
pub const TRACED: usize = 1_000;
/// Events at the end of the log that are looked at to explain a subscription.
pub const EXPLAINED_EVENTS: u64 = 1_000;
/// Events that a filter is tried on; of a longer span the newest.
pub const BACKTEST_EVENTS: u64 = 100_000;
/// Events that are shown of those on which a filter was tried.
pub const BACKTEST_SAMPLES: usize = 10;
/// Events at the end of the log whose types are listed.
pub const TYPES_EVENTS: u64 = 10_000;
/// Extension attributes of one event.
pub const EXTENSIONS: usize = 32;
/// Characters of the name of an extension attribute.
pub const EXTENSION_CHARS: usize = 20;
/// Bytes of the value of an extension attribute.
pub const EXTENSION_BYTES: usize = 1_024;
/// Tags and subjects of one job, together.
pub const TAGS: usize = 32;
/// Fields that a type of jobs or events marks, so that they are not shown.
pub const MARKS: usize = 64;
/// Bytes of the path of a field that is not shown, or of a pattern of its name.
pub const MARK_BYTES: usize = 256;
/// Jobs in front of one in its queue that are counted when it is explained.
pub const LINE: u64 = 10_000;
/// Other lines of a queue that are counted when a job in line is explained.
pub const OTHER_LINES: usize = 100;
/// Jobs that are named of those that have the places of a limit.
pub const PLACE_HOLDERS: usize = 5;
/// Jobs with a tag, or of a batch, that are looked up one by one. Where there are more, jobs that match otherwise are looked at, newest first,
/// until there are enough.
pub const FEW_TAGGED: usize = 5_000;
/// Jobs of a sort that are looked at when a store is asked what may be a problem: what is beyond is told as "or more".
pub const LOOKED_AT: usize = 10_000;
/// Lanes and other lines that are looked at then, and jobs of one line of a queue.
pub const LINES_LOOKED_AT: usize = 1_000;
/// Lanes that stand still, and jobs that run for too long, that are named then.
pub const NAMED: usize = 100;
/// How long a job may be due before it starts, unless a threshold says otherwise.
pub const LATENCY: Duration = Duration::from_secs(15 * 60);
/// Failures in a row from which on a job's kind is failing, unless a threshold says otherwise.
pub const FAILING: u32 = 3;
/// How long a job may run whose kind does not say how long it is expected to, unless a threshold says otherwise.
pub const RUNNING_LONG: Duration = Duration::from_secs(60 * 60);
/// Jobs that died within this time are news, unless a threshold says otherwise.
pub const DIED_WITHIN: Duration = Duration::from_secs(60 * 60);
/// Jobs that may wait in a lane, unless a threshold says otherwise.
pub const LONG_LANE: u64 = 1_000;
/// How long jobs may be due that no worker serves or knows, before that is an alert, unless a threshold says otherwise.
pub const UNSERVED: Duration = Duration::from_secs(5 * 60);
/// Failures in a row from which on a kind that is failing is an alert, unless a threshold says otherwise.
pub const ALERT_FAILURES: u32 = 5;
/// How often the leader looks for alerts, where a subscription wants some.
pub const ALERT: Duration = Duration::from_secs(15);
/// Alerts that one such look begins or ends; where there are more, the next one does.
pub const ALERT_CHANGES: usize = 500;
/// Jobs of a kind that is failing by which it is known whether it still is.
pub const ALERT_JOBS: usize = 20;
/// Bytes of an alert's key.
pub const ALERT_KEY_BYTES: usize = 512;
/// Bytes of a subject's id.
pub const SUBJECT_BYTES: usize = 256;
/// Bytes of the key of a lane, a turn or a limit.
pub const LINE_KEY_BYTES: usize = 256;
/// The longest time of a rate or a breaker.
pub const LIMIT_PERIOD: Duration = Duration::from_secs(24 * 60 * 60);
/// Kinds for which the limit of a queue may reserve places.
pub const RESERVED_KINDS: usize = 16;
/// Conditions of one job.
pub const CONDITIONS: usize = 1_000;
/// Bytes of a condition's name.
pub const CONDITION_NAME_BYTES: usize = 128;
/// Bytes of the name of a batch or a step.
pub const STEP_NAME_BYTES: usize = 128;
/// Batches, or jobs of one, that one call lists.
pub const LISTED: usize = 1_000;
/// Conditions between the steps of one workflow.
pub const EDGES: usize = 200_000;
/// The latest deadline of a job that waits.
pub const LONGEST_WAIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
/// Steps of one job.
pub const STEPS: usize = 10_000;
/// Bytes of the outputs of a job's steps, all together; one may have as many as a job's output.
pub const STEPS_BYTES: usize = 8 * 1024 * 1024;
/// How often what running attempts say of their progress is written at most.
pub const PROGRESS_EVERY: Duration = Duration::from_secs(1);
/// Bytes of the note of a job's progress; a longer one ends with a mark that says so.
pub const PROGRESS_NOTE_BYTES: usize = 256;
/// Log lines of one attempt that are kept with its job.
pub const LOG_LINES: u32 = 1_000;
/// Bytes of one of them; a longer one ends with a mark that says so.
pub const LOG_LINE_BYTES: usize = 4 * 1024;
/// Bytes of all of them together.
pub const LOG_BYTES: usize = 256 * 1024;
/// Bytes of the JSON of a subscription's filter.
pub const FILTER_BYTES: usize = 16 * 1024;
/// Type patterns of a filter.
pub const FILTER_TYPES: usize = 100;
/// Bytes of one of them.
pub const TYPE_PATTERN_BYTES: usize = 256;
/// Predicates of a filter, all together; each key of an `exact`, `prefix` or `suffix` counts.
pub const FILTER_PREDICATES: usize = 100;
/// Predicates of a filter that may stand inside one another.
pub const FILTER_DEPTH: usize = 8;
/// Bytes of a value that a filter compares with.
pub const FILTER_TEXT_BYTES: usize = 1_024;
/// Members in a path to a member of an event's data or a job's args.
pub const DATA_PATH: usize = 16;
/// Bytes of an SQL expression.
pub const SQL_BYTES: usize = 4 * 1024;
/// Bytes of the text of a filter that jobs or events are listed by.
pub const FIND_BYTES: usize = 16 * 1024;
/// Terms of such a filter.
pub const FIND_TERMS: usize = 64;
/// Values of its terms, all together.
pub const FIND_VALUES: usize = 500;
/// Jobs or events that one look for those that match goes through; the answer says where to go on.
pub const FIND_ROWS: u64 = 100_000;
/// How long such a look goes on.
pub const FIND_TIME: Duration = Duration::from_secs(1);
/// Jobs or events that an estimate of how many match looks at: the newest.
pub const ESTIMATE_ROWS: u64 = 10_000;
/// Jobs that are looked through for groups of alike errors: the newest that failed.
pub const ERROR_GROUP_JOBS: usize = 2_000;
/// Jobs of such a group that are named.
pub const ERROR_GROUP_SAMPLES: usize = 5;
/// Parentheses, functions and other operations of an SQL expression that may stand inside one another.
pub const SQL_DEPTH: usize = 32;
/// Bytes of a text that a function of an SQL expression puts together.
pub const SQL_RESULT_BYTES: usize = 1024 * 1024;
/// Kinds that the rules of a job's lane may name.
pub const LANE_KINDS: usize = 16;
/// Jobs that a key may have in each of its turns.
pub const TURN_WEIGHT: u16 = 100;
/// The largest version of args, and the largest maximum of attempts that a job can bring: stores keep
/// both in 16 bits with a sign.
pub const LARGEST_NUMBER: u16 = 32_767;
/// Past attempts listed with a job; older ones give way, their number stays.
pub const HISTORY_ENTRIES: usize = 32;
/// Attempts of a job unless its kind declares another number.
pub const MAX_ATTEMPTS: u16 = 25;
/// Worker deaths after which a job is dead, "lost 3 times", unless it or its kind declares another
/// number; 0 sets no limit.
pub const MAX_LOSSES: u16 = 3;
/// From this many losses on a job runs without another such job beside it in the process,
/// so that the next death names its cause.
pub const SUSPECT_LOSSES: u16 = 2;
/// How long a handler may run unless its kind declares another time.
pub const TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// How long a handler that was told to stop may take before it is abandoned.
pub const ABANDON_AFTER: Duration = Duration::from_secs(2);
/// How long after an isolated attempt was told to end its process gets SIGTERM.
pub const ISOLATED_TERMINATE: Duration = Duration::from_secs(1);
/// How long after an isolated attempt was told to end its process is killed.
pub const ISOLATED_KILL: Duration = Duration::from_millis(1_500);
/// How long the answer to a request with a key is kept.
pub const KEEP_REQUESTS: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a request with a key that has no answer is taken to be under way.
pub const REQUEST_HELD: Duration = Duration::from_secs(60);
/// How long the audit keeps an act.
pub const KEEP_ACTS: Duration = Duration::from_secs(400 * 24 * 60 * 60);
/// Bytes of who has done an act, of what it was called and of what it was done to.
pub const ACT_BYTES: usize = 600;
/// Bytes of JSON of what an act was asked for, and of what it has changed.
pub const ACT_DOCUMENT_BYTES: usize = 16 * 1024;
/// Bytes of a token's name, and of a pattern that it is limited to.
pub const TOKEN_NAME_BYTES: usize = 100;
/// Patterns of queues that a token is limited to; as many of kinds, and as many tags.
pub const TOKEN_PATTERNS: usize = 100;
/// How long a session lasts that is not used.
pub const SESSION_IDLE: Duration = Duration::from_secs(30 * 60);
/// How long a session lasts, used or not.
pub const SESSION_TIME: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions that a user has at once.
pub const SESSIONS: usize = 50;
/// Jobs of one round of an operation: it is one transaction.
pub const OPERATION_JOBS: usize = 500;
/// Jobs that a round of an operation looks at, at most, to find some that match.
pub const OPERATION_LOOK: usize = 10_000;
/// Bytes of an operation's filter.
pub const OPERATION_FILTER_BYTES: usize = 16 * 1024;
/// Jobs that are named of those that an operation has skipped, and of those it could not put back.
pub const OPERATION_SAMPLES: usize = 10;
/// How long a count of the jobs that an operation would find may take.
pub const OPERATION_COUNT: Duration = Duration::from_secs(10);
/// How long after its end an operation can be undone.
pub const OPERATION_UNDO: Duration = Duration::from_secs(24 * 60 * 60);
/// How long after its end an operation is listed.
pub const OPERATION_KEEP: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The longest wait between two attempts.
pub const RETRY_CAP: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a worker's lease lasts without renewal.
pub const LEASE: Duration = Duration::from_secs(30);
/// How often a worker renews its lease.
pub const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often due jobs are promoted and dead workers looked for.
pub const SWEEP: Duration = Duration::from_secs(1);
/// Workers besides the leader that look within one `SWEEP` whether it lives; the more there are, the
/// longer each waits for its turn.
pub const FOLLOWERS_A_SWEEP: u32 = 2;
/// The longest such wait: so late a worker learns at worst that most of the others have gone.
pub const FOLLOWER_SWEEP: Duration = Duration::from_secs(4);
/// How long the leader stays leader without renewing.
pub const LEADER_TTL: Duration = Duration::from_secs(10);
/// How often parked kinds are looked at and finished jobs pruned.
pub const TIDY: Duration = Duration::from_secs(30);
/// How long running handlers may go on after a stop.
pub const GRACE: Duration = Duration::from_secs(25);
/// How long the report of one failure may take before the next one has its turn.
pub const REPORT_TIME: Duration = Duration::from_secs(10);
/// Failures that wait to be reported; where more do, they are logged and not reported.
pub const REPORTS_WAITING: usize = 1_000;
/// Jobs of one claim.
pub const CLAIM_JOBS: usize = 500;
/// Bytes of args in one claim; a single larger job is still claimed.
pub const CLAIM_BYTES: usize = 8 * 1024 * 1024;
/// Jobs of one settlement.
pub const SETTLE_JOBS: usize = 1_000;
/// Jobs promoted, rescued or pruned by one statement.
pub const SWEEP_JOBS: usize = 1_000;
/// Jobs of one enqueue call.
pub const ENQUEUE_JOBS: usize = 100_000;
/// Work claimed ahead, per slot; of jobs longer than this only what ends during a claim.
pub const PREFETCH_AHEAD: Duration = Duration::from_millis(50);
/// How long a claimed job may wait for a slot before it is handed back, for others to take it.
pub const HAND_BACK_AFTER: Duration = Duration::from_secs(1);
/// Waits between looks at an empty queue, after it became empty; the last one repeats.
pub const POLL_WAITS: [Duration; 8] = [
    Duration::from_millis(10),
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
    Duration::from_millis(2_000),
];
/// How long a worker's start waits for the database before it goes on trying beside its caller.
pub const START_WAIT: Duration = Duration::from_secs(3);
/// The longest back-off between two tries to reach the database.
pub const RECONNECT_CAP: Duration = Duration::from_secs(5);
/// How long completed and cancelled jobs are kept. Dead jobs are kept until a person decides.
pub const KEEP_FINISHED: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How long a count may take before it is broken off, and estimated where that is possible.
pub const COUNT_DEADLINE: Duration = Duration::from_millis(800);
/// Jobs of one queue and state that wait and are counted where nobody asks for all.
pub const COUNTED: usize = 10_000;
/// The same of all queues together; from there on so few of each queue and state as `COUNTED_LEAST` says.
pub const COUNTED_ALL: usize = 50_000;
/// Waiting jobs that are counted of a queue and state in any case.
pub const COUNTED_LEAST: usize = 100;
/// Records of a source that are imported in one transaction.
pub const SOURCE_PAGE: usize = 1_000;
/// Bytes of events and of what is put aside in one such transaction; a single larger record has one of its own.
pub const SOURCE_PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Records of one page of a feed; one that has more is an error.
pub const SOURCE_RECORDS: usize = 100_000;
/// How long a feed ends before what was read, at most, until that counts as reset; twice the time between two looks where that is less.
pub const SOURCE_BEHIND: Duration = Duration::from_secs(30);
/// How long after a look that found nothing a source asks its feed again, unless it says otherwise.
pub const SOURCE_EVERY: Duration = Duration::from_secs(10);
/// So long nobody may read a source whose feed is to be asked, until that is told: another worker takes it over meanwhile.
pub const SOURCE_LATE: Duration = Duration::from_secs(60);
/// How soon a feed that waits itself is asked again where it did not wait.
pub const SOURCE_PACE: Duration = Duration::from_secs(1);
/// How long one page of a source may take, unless it says otherwise.
pub const SOURCE_PAGE_TIME: Duration = Duration::from_secs(300);
/// How long a worker that says nothing more keeps a source from others; it says so three times as often.
pub const SOURCE_HOLD: Duration = Duration::from_secs(30);
/// The longest wait of a source whose feed fails.
pub const SOURCE_BACKOFF_CAP: Duration = Duration::from_secs(300);
/// The longest wait after a panic of what a source asks.
pub const SOURCE_PANIC_CAP: Duration = Duration::from_secs(5);
/// Bytes of a source's cursor.
pub const CURSOR_BYTES: usize = 4 * 1024;
/// Records of one source that stay put aside: the newest.
pub const QUARANTINE: usize = 10_000;
/// Bytes that are kept of a record that is put aside; one that has more cannot be imported later.
pub const QUARANTINE_BYTES: usize = 256 * 1024;
/// Gaps of one source that are kept: the newest.
pub const SOURCE_GAPS: usize = 1_000;
/// How much time the finest rows of stats are of, how often parts of them are written, and how often those are folded.
pub const STATS_EVERY: Duration = Duration::from_secs(10);
/// Queues and kinds together that have counts of their own, in a part and in the rows of one time.
pub const STATS_PAIRS: usize = 200;
/// Queues whose other kinds are counted together then; what is beyond is counted as one.
pub const STATS_OTHERS: usize = 50;
/// Counts of one part; what is beyond is told by the hour alone.
pub const STATS_CELLS: usize = 1_000;
/// Parts that wait to be folded; while there are so many, further ones are left out.
pub const STATS_WAITING: usize = 2_000;
/// Parts that are folded in one transaction.
pub const STATS_PARTS: usize = 200;
/// Rows of stats that are removed in one transaction, of each sort.
pub const STATS_PRUNED: usize = 2_000;
/// Available jobs of one queue that are counted for its depth.
pub const STATS_DEPTH: usize = 10_000;
/// The same of all queues together; from there on so few of each queue and priority as `STATS_DEPTH_LEAST` says.
pub const STATS_DEPTH_ALL: usize = 50_000;
/// Available jobs that are counted of a queue and priority in any case.
pub const STATS_DEPTH_LEAST: usize = 100;
/// Leases whose running jobs are counted then.
pub const STATS_LEASES: usize = 100;
/// How long rows of ten seconds are kept: an hour, and some more so that the last hour is whole.
pub const KEEP_STATS_HOUR: Duration = Duration::from_secs(70 * 60);
/// How long rows of a minute are kept: a day, and some more.
pub const KEEP_STATS_DAY: Duration = Duration::from_secs(25 * 60 * 60);
/// How long rows of an hour are kept, unless it is said otherwise.
pub const KEEP_STATS: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long after its end a time of the stats is taken to be filling.
pub const STATS_LATE: Duration = Duration::from_secs(25);
/// Points of one series of stats.
pub const STATS_POINTS: usize = 400;
/// Series of one answer; of more the smallest are told together.
pub const STATS_SERIES: usize = 50;
/// Bytes of a question in SQL.
pub const QUESTION_BYTES: usize = 64 * 1024;
/// Bytes of the rows that answer a question in SQL: what follows is left out.
pub const ANSWER_BYTES: usize = 32 * 1024 * 1024;

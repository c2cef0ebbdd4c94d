//! The parts of why a job is where it is.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::condition::{Condition, Overdue};
use super::{JobId, LimitOn, Moment, Outcome, SetBy, State};

/// Whether a gate keeps a job back.
#[derive(Serialize, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// It does not.
    Open,
    /// It does.
    Shut,
    /// It does not now, and is good to know.
    Note,
}

/// What happens next to a job.
#[derive(Serialize, ToSchema)]
#[schema(as = NextStep)]
pub(crate) struct Next {
    step: Step,
    /// When, where that is known.
    #[schema(required = false)]
    at: Option<Moment>,
}

/// A step of a job, as far as it can be foreseen.
#[derive(Serialize, ToSchema)]
#[schema(as = ForeseenStep, rename_all = "snake_case")]
pub(crate) enum Step {
    /// The next free slot of a worker takes it.
    Claim,
    /// It becomes available.
    Promote,
    /// What it waits for comes.
    Meet,
    /// Its deadline passes while it waits.
    Overdue,
    /// Never by itself: what it waits for has ended in another way.
    Decide,
    /// Its queue is resumed.
    Resume,
    /// A worker that can run it comes.
    Worker,
    /// It is brought back in line.
    Unpark,
    /// A running job ends, and leaves its slot.
    Slot,
    /// Those in front of it are claimed.
    Turn,
    /// The first of its lane ends.
    Lane,
    /// The dead job that blocks its lane is retried, or a person opens the lane.
    Open,
    /// A running job ends, and leaves its place of a limit.
    Place,
    /// The tokens that it costs have come.
    Tokens,
    /// A breaker lets one job through, or the one that it has let through ends.
    Probe,
    /// Another transaction ends.
    Unlock,
    /// It is cancelled since it has not started in time.
    Expire,
    /// Its attempt ends, and its worker writes how.
    Settle,
    /// Its worker is told to stop it, and it is cancelled.
    Cancel,
    /// It is taken from a worker that is gone, and given to another.
    TakeBack,
    /// It is removed.
    Remove,
    /// Nothing: it is kept until a person decides.
    Keep,
}

/// A gate between a job and a worker.
#[derive(Serialize, ToSchema)]
#[serde(tag = "gate", rename_all = "snake_case")]
pub(crate) enum Gate {
    /// It must have started by then.
    Expiry { at: Moment },
    /// It waits for conditions.
    Conditions {
        /// Those that are not met.
        open: Vec<Condition>,
        /// How many of them suffice.
        needed: u64,
        /// Its deadline.
        #[schema(required = false)]
        until: Option<Moment>,
        /// What happens to it then.
        #[schema(required = false)]
        then: Option<Overdue>,
    },
    /// It is due from then on.
    Due { at: Moment },
    /// It failed, or put itself off, and is tried again then.
    Backoff {
        at: Moment,
        /// The attempt that comes.
        attempt: u32,
        /// What went wrong last.
        #[schema(required = false)]
        error: Option<String>,
    },
    /// It is due, and the leader's next sweep makes it available.
    Promotion {
        /// Since when it is due.
        due_at: Moment,
    },
    /// Somebody does for all what time brings.
    Leader {
        /// Who.
        #[schema(required = false)]
        worker: Option<String>,
        /// Until when, or until when somebody did last.
        #[schema(required = false)]
        until: Option<Moment>,
    },
    /// Its queue is not paused.
    Pause {
        /// Since when it is.
        #[schema(required = false)]
        since: Option<Moment>,
        /// When that ends by itself.
        #[schema(required = false)]
        until: Option<Moment>,
        /// Why, and by whom.
        #[schema(required = false)]
        note: Option<String>,
    },
    /// Its kind is paused.
    KindPause {
        since: Moment,
        /// When that ends by itself.
        #[schema(required = false)]
        until: Option<Moment>,
        /// Why, and by whom.
        #[schema(required = false)]
        note: Option<String>,
    },
    /// Live workers serve its queue.
    Workers { workers: Vec<String> },
    /// Some of them know its kind and the version of its args.
    Handler {
        /// What is to be known, as `kind@version`.
        handler: String,
        /// Who does, on any queue.
        workers: Vec<String>,
    },
    /// It was moved out of the way, since no live worker knew it or its kind was paused.
    Parked {
        /// Why.
        #[schema(required = false)]
        reason: Option<String>,
    },
    /// Some worker that knows it was not asked to take no new work.
    Quiet {
        /// Those that were.
        workers: Vec<String>,
    },
    /// Some worker that knows it is not below the minimum build of its program.
    Build {
        /// Those that are.
        workers: Vec<BelowMinimum>,
    },
    /// Some worker that knows it has a free slot.
    Slots { workers: Vec<Busy> },
    /// It was lost with a worker so often that it runs with no other such job beside it.
    Suspect {
        /// How often.
        losses: u16,
    },
    /// It is the first of its lane, of which one job runs at a time.
    Lane {
        /// The lane's key.
        key: String,
        /// The job that has the lane, or has it next.
        #[schema(required = false)]
        first: Option<LaneFirst>,
        /// How many jobs of the lane are before this one.
        ahead: u64,
        /// Whether there may be more; absent where there are not.
        #[schema(required = false)]
        or_more: bool,
    },
    /// A limit of jobs that run at once has a place for it.
    Places {
        #[serde(flatten)]
        limit: LimitOf,
        /// So many run at once.
        most: u32,
        /// So many run now.
        running: u64,
        /// Some of those.
        holders: Vec<JobId>,
        /// Free places that are reserved for other kinds, by kind.
        #[schema(required = false)]
        reserved: BTreeMap<String, u64>,
    },
    /// A rate has as many tokens as it costs.
    Rate {
        #[serde(flatten)]
        limit: LimitOf,
        /// Whole tokens there are; less than none where one that costs more than there ever are has taken them.
        tokens: i64,
        /// So many there are at most.
        burst: u32,
        /// So many it takes.
        cost: u32,
        /// When they have come, unless another job takes some before.
        #[schema(required = false)]
        at: Option<Moment>,
    },
    /// A breaker is not open, or lets this one through as its probe.
    Breaker {
        #[serde(flatten)]
        limit: LimitOf,
        /// Since when it is open.
        #[schema(required = false)]
        since: Option<Moment>,
        /// Until when nothing starts.
        #[schema(required = false)]
        until: Option<Moment>,
        /// The job that runs to see whether others may follow.
        #[schema(required = false)]
        probe: Option<JobId>,
    },
    /// It is the first of its line. The lines of a queue have turns.
    Turn {
        /// Whose turns, where its line is that of a key.
        #[schema(required = false)]
        key: Option<String>,
        /// How many of its line are claimed before it.
        ahead: u64,
        /// Whether there may be more; absent where there are not.
        #[schema(required = false)]
        or_more: bool,
        /// How many other lines of its queue have jobs of its priority, counted so far as it matters.
        others: u64,
        /// How many jobs in line of its queue go before turns, by a smaller priority.
        sooner: u64,
    },
    /// Available jobs of its queue are claimed before it.
    Line {
        /// How many.
        ahead: u64,
        /// Whether there may be more; absent where there are not.
        #[schema(required = false)]
        or_more: bool,
    },
    /// The jobs of its queue age.
    Aging {
        /// Each so much of waiting makes its priority smaller by one.
        every_ms: u64,
        /// The priority that it was written with.
        own: i16,
        /// As which priority it counts by now.
        counts_as: i16,
        /// When it counts as the next one.
        at: Moment,
    },
    /// Another transaction has locked it, and claims pass over it until that ends.
    Locked {
        /// Whose.
        by: String,
    },
    /// Its unique key, which keeps others out.
    Key {
        key: String,
        /// Which job holds it.
        #[schema(required = false)]
        holder: Option<JobId>,
        /// Whether this one does.
        holds: bool,
    },
    /// A worker runs it.
    Running {
        worker: String,
        since: Moment,
        /// The number of the attempt.
        attempt: u32,
    },
    /// That worker lives.
    Lease {
        worker: String,
        /// Until when its lease lasts unless renewed; absent where it is not registered any more.
        #[schema(required = false)]
        until: Option<Moment>,
    },
    /// It was asked to stop.
    CancelRequested {
        /// Why.
        reason: String,
    },
    /// It is told to end then.
    Timeout { at: Moment },
    /// It has ended.
    Ended {
        at: Moment,
        /// How its last attempt ended.
        outcome: Outcome,
        /// Why.
        #[schema(required = false)]
        reason: Option<String>,
    },
    /// The server's clock differs from the database's, by which everything is decided.
    Clock {
        /// By so many microseconds ahead, or behind where negative.
        ahead_us: i64,
    },
}

/// A worker that takes no new work since its build is below the minimum.
#[derive(Serialize, ToSchema)]
pub(crate) struct BelowMinimum {
    worker: String,
    /// What it runs.
    build: String,
    /// What it would have to run at least.
    minimum: String,
    /// Why.
    #[schema(required = false)]
    note: Option<String>,
}

/// A worker's slots.
#[derive(Serialize, ToSchema)]
pub(crate) struct Busy {
    worker: String,
    /// The jobs it holds.
    running: u64,
    /// How many it runs at once.
    slots: u32,
}

/// The first of a lane.
#[derive(Serialize, ToSchema)]
pub(crate) struct LaneFirst {
    job: JobId,
    /// Where it stands. A dead one keeps the lane until a person decides.
    state: State,
    /// When it is due, or was.
    run_at: Moment,
    /// The worker that runs it.
    #[schema(required = false)]
    worker: Option<String>,
    /// Why it is parked or dead.
    #[schema(required = false)]
    reason: Option<String>,
}

/// A limit that keeps a job back, and whom to ask about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitOf {
    on: LimitOn,
    /// The job's key, where it is one of a key.
    #[schema(required = false)]
    key: Option<String>,
    /// Who set it; absent where the job itself says it.
    #[schema(required = false)]
    set_by: Option<SetBy>,
    /// Why.
    #[schema(required = false)]
    note: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::PartialSchema;
    use windlass::job::Step as CoreStep;

    use super::Step;

    /// The steps of the core; one that is missing here does not compile.
    macro_rules! steps {
        ($($step:ident)*) => {{
            const fn listed(step: CoreStep) {
                match step { $(CoreStep::$step => {})* }
            }
            [$(CoreStep::$step),*].map(|step| { listed(step); json!(step) }).to_vec()
        }};
    }

    #[test]
    fn the_steps_are_those_of_the_core() {
        let steps = steps!(Claim Promote Meet Overdue Decide Resume Worker Unpark Slot Turn Lane Open Place Tokens Probe Unlock
            Expire Settle Cancel TakeBack Remove Keep);
        let schema = serde_json::to_value(Step::schema()).expect("a schema");
        assert_eq!(schema["enum"], Value::Array(steps));
    }
}

//! What happens next to a job, in words, and what a person can do about it.

use windlass::State;
use windlass::job::{Explanation, Gate, Step};
use windlass::limits::SWEEP;

use super::line;
use super::words::Moment;
use crate::job::condition::words as awaited;

/// What happens next, and when.
pub(super) fn next(explained: &Explanation, moment: Moment<'_>) -> String {
    let at = |otherwise: &str| explained.next.at.map_or_else(|| otherwise.to_owned(), moment);
    match explained.next.step {
        Step::Claim => "the next free slot takes it, within a moment".to_owned(),
        Step::Promote if explained.next.at > Some(explained.now) => {
            format!("it becomes available {}", at(""))
        }
        Step::Promote => "a worker's next sweep makes it available".to_owned(),
        Step::Meet => match explained.next.at {
            Some(when) => format!("what it waits for comes {}", moment(when)),
            None => "it is made available by what it waits for, in the same transaction".to_owned(),
        },
        Step::Overdue => format!("its deadline passes {}", at("soon")),
        Step::Decide => {
            "nothing by itself: it waits for ever, until that is retried and ends as asked, or a person lets it pass or cancels it"
                .to_owned()
        }
        Step::Resume => match explained.next.at {
            Some(_) => format!("the pause ends {}", at("")),
            None => "nothing, until it is resumed".to_owned(),
        },
        Step::Worker => "nothing, until a worker comes that can take it".to_owned(),
        Step::Unpark => format!(
            "it is brought back in line by the leader's tidying, {} at the latest",
            at("soon")
        ),
        Step::Slot => "it waits for a slot: as soon as a running job ends".to_owned(),
        Step::Turn => "it is taken after those ahead of it".to_owned(),
        Step::Lane => "it waits for the end of the first of its lane".to_owned(),
        Step::Open => "nothing, until the dead job is retried or its lane is opened".to_owned(),
        Step::Place => "it waits for a place: as soon as one of those jobs ends".to_owned(),
        Step::Tokens => format!("its tokens will be there {}", at("soon")),
        Step::Probe => match explained.next.at {
            Some(_) => format!("one job is let through {}", at("")),
            None => "the end of the job that probes decides".to_owned(),
        },
        Step::Unlock => "it waits for the end of that transaction".to_owned(),
        Step::Expire if explained.next.at > Some(explained.now.after(SWEEP)) => {
            format!("it expires {}, before it can start", at(""))
        }
        Step::Expire => "the next sweep cancels it".to_owned(),
        Step::Settle => {
            "its worker ends the attempt; if that worker dies, another gets it".to_owned()
        }
        Step::Cancel => "its worker ends the attempt, and it is cancelled".to_owned(),
        Step::TakeBack => "the next sweep takes it back, and another worker gets it".to_owned(),
        Step::Remove => format!("it is removed {}", at("when its time of keeping is over")),
        Step::Keep => "nothing: it is kept until a person decides".to_owned(),
    }
}

/// What a person can do about it, as commands that may have a remark behind them.
#[must_use]
pub fn commands(explained: &Explanation) -> Vec<String> {
    let (id, queue) = (explained.job, &explained.queue);
    match explained.next.step {
        Step::Promote => vec![format!("windlass job retry {id}   (runs it now)")],
        Step::Meet | Step::Decide | Step::Overdue => awaited::commands(explained),
        Step::Resume => resume(explained),
        Step::Worker => worker(explained),
        Step::Slot => vec![format!("windlass job list 'state:running queue:{queue}'")],
        Step::Lane | Step::Open => line::lane(explained),
        Step::Place | Step::Tokens => vec!["windlass limit list".to_owned()],
        Step::Probe => line::probe(explained),
        Step::Turn => vec![format!("windlass job list 'state:running,available queue:{queue}'")],
        Step::Settle => vec![format!("windlass job cancel {id}")],
        Step::Expire => vec![format!("windlass job retry {id}   (runs it anyway)")],
        Step::Keep => {
            let mut commands =
                vec![format!("windlass job retry {id}"), format!("windlass job show {id}")];
            commands.extend(line::kept_lane(explained));
            commands
        }
        Step::Remove if explained.state == State::Cancelled && !is_superseded(explained) => {
            vec![format!("windlass job retry {id}")]
        }
        Step::TakeBack | Step::Unpark => vec!["windlass worker list".to_owned()],
        _ => Vec::new(),
    }
}

/// A command without the remark behind it, and that remark: who copies the command runs it as it is.
#[must_use]
pub fn without_remark(command: &str) -> (&str, Option<&str>) {
    let remark = command.strip_suffix(')').and_then(|text| text.rsplit_once("   ("));
    remark.map_or((command, None), |(command, remark)| (command, Some(remark)))
}

/// A job that another one has made needless is not to run.
fn is_superseded(explained: &Explanation) -> bool {
    let by = |gate: &Gate| match gate {
        Gate::Ended { reason, .. } => {
            let needless = ["superseded by ", "what it waited for cannot come any more"];
            reason.as_deref().is_some_and(|why| needless.iter().any(|text| why.starts_with(text)))
        }
        _ => false,
    };
    explained.shut().any(by)
}

fn resume(explained: &Explanation) -> Vec<String> {
    let command = |gate: &Gate| match gate {
        Gate::Pause { .. } => Some(format!("windlass queue resume {}", explained.queue)),
        Gate::KindPause { .. } => Some(format!("windlass kind resume {}", explained.kind)),
        _ => None,
    };
    explained.shut().filter_map(command).collect()
}

fn worker(explained: &Explanation) -> Vec<String> {
    let mut commands = Vec::new();
    for gate in explained.shut() {
        match gate {
            Gate::Quiet { workers } => {
                commands.extend(
                    workers.iter().map(|worker| format!("windlass worker resume {worker}")),
                );
            }
            Gate::Build { .. } => commands.push("windlass worker required".to_owned()),
            Gate::Workers { .. } => {
                commands.push("windlass work   (or start your own worker)".to_owned())
            }
            Gate::Handler { .. } | Gate::Leader { .. } if commands.is_empty() => {
                commands.push("windlass doctor".to_owned());
            }
            _ => {}
        }
    }
    commands
}

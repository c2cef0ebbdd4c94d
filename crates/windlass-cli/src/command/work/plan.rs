//! What a worker process serves, from the configuration and the command line.

use std::path::Path;
use std::time::Duration;

use windlass::event::Keep;
use windlass::health::Thresholds;
use windlass::limits::KEEP_STATS;
use windlass::{Limit, NewJob};

use crate::acts::declared::Object;
use crate::config::{
    Config, HandlerConfig, ScheduleConfig, SourceConfig, StoresConfig, SubscriptionConfig, Target,
};
use crate::exit::Failure;
use crate::queue_rules::QueueRules;

/// After SIGKILL a process is gone within this, unless the machine itself hangs.
const AFTER_KILL: Duration = Duration::from_secs(1);

/// What is served and how much of it at once.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The handlers that the patterns leave.
    pub(super) handlers: Vec<HandlerConfig>,
    /// The limits that the file declares.
    pub(super) limits: Vec<Limit>,
    /// Their queues, each with the most of its jobs that run at once.
    pub(super) queues: Vec<(String, usize)>,
    /// The most jobs that run at once over all queues.
    pub(super) slots: usize,
    /// How many processes a supervisor keeps, where the file says so.
    pub(super) processes: Option<usize>,
    /// The program and version that it is listed with, where the file says one.
    pub(super) build: Option<String>,
    /// What is enqueued again and again, by whatever worker it is run.
    pub(super) schedules: Vec<ScheduleConfig>,
    /// Which events become which jobs.
    pub(super) subscriptions: Vec<SubscriptionConfig>,
    /// Which feeds become events.
    pub(super) sources: Vec<SourceConfig>,
    /// How long events are kept.
    pub(super) keep: Option<Keep>,
    /// Bounds and aging of queues, for those that have none.
    pub(super) rules: QueueRules,
    /// From where on something is an alert.
    pub(super) alerts: Thresholds,
    pub(super) keep_stats: Duration,
    /// Where all this is said.
    pub(super) file: String,
}

impl Plan {
    /// What it declares that others may see and change: what an act on each is called, and where it is.
    pub(super) fn objects(&self) -> Vec<Object> {
        let limits = self.limits.iter().map(|limit| ("limits.set", format!("limits/{}", limit.on)));
        let schedules = self.schedules.iter();
        let schedules = schedules.map(|one| ("schedules.put", format!("schedules/{}", one.name)));
        let subscriptions = self.subscriptions.iter();
        let subscriptions =
            subscriptions.map(|one| ("subscriptions.put", format!("subscriptions/{}", one.name)));
        let bounds = self.rules.bounds.iter();
        let bounds = bounds.map(|bound| ("queues.bound", format!("queues/{}", bound.queue)));
        let agings = self.rules.agings.iter();
        let agings = agings.map(|aging| ("queues.age", format!("queues/{}", aging.queue)));
        let keep = self.keep.iter().map(|_| ("events.put_keep", "events/keep".to_owned()));
        limits
            .chain(schedules)
            .chain(subscriptions)
            .chain(bounds)
            .chain(agings)
            .chain(keep)
            .collect()
    }

    /// Reads a file; slots that are given go before those in it.
    ///
    /// # Errors
    /// When it cannot be used: what is wrong, and where.
    pub(crate) fn read(file: &Path, slots: Option<usize>) -> Result<Self, Failure> {
        let config = Config::load(file).map_err(|error| Failure::usage(error.to_string()))?;
        let plan = Self::of(config, (slots, file));
        plan.map_err(|reason| Failure::usage(format!("{}: {reason}", file.display())))
    }

    /// Serves nothing: of a file that is not there.
    pub(crate) fn nothing(file: &Path) -> Self {
        Self {
            handlers: Vec::new(),
            limits: Vec::new(),
            queues: Vec::new(),
            slots: 1,
            build: None,
            schedules: Vec::new(),
            subscriptions: Vec::new(),
            sources: Vec::new(),
            keep: None,
            rules: QueueRules::default(),
            alerts: Thresholds::default(),
            keep_stats: KEEP_STATS,
            processes: None,
            file: file.display().to_string(),
        }
    }

    /// # Errors
    /// One line, when the patterns leave nothing to serve.
    pub(super) fn of(
        config: Config,
        (slots, file): (Option<usize>, &Path),
    ) -> Result<Self, String> {
        let Config { handlers, limits, serves, slots: configured, .. } = config;
        let Config {
            processes,
            build,
            schedules,
            subscriptions,
            sources,
            keep,
            rules,
            alerts,
            keep_stats,
            ..
        } = config;
        let (handlers, left_out): (Vec<_>, Vec<_>) =
            handlers.into_iter().partition(|handler| serves.allow(handler));
        let only_reads = left_out.is_empty() && !sources.is_empty();
        if handlers.is_empty() && !only_reads {
            let kinds: Vec<&str> = left_out.iter().map(|handler| handler.kind.as_str()).collect();
            return Err(format!(
                "the patterns in [worker] leave out every handler: {}",
                kinds.join(", ")
            ));
        }
        let sum = handlers.iter().map(|handler| handler.slots).sum::<usize>();
        // One that only reads sources runs no job.
        let slots = slots.or(configured).unwrap_or(sum).max(1);
        let mut queues: Vec<(String, usize)> = Vec::new();
        for handler in &handlers {
            match queues.iter_mut().find(|(name, _)| *name == handler.queue) {
                Some((_, sum)) => *sum += handler.slots,
                None => queues.push((handler.queue.clone(), handler.slots)),
            }
        }
        for (_, most) in &mut queues {
            *most = (*most).min(slots);
        }
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let file = file.display().to_string();
        Ok(Self {
            handlers,
            limits,
            queues,
            slots,
            processes,
            build,
            schedules,
            subscriptions,
            sources,
            keep,
            rules,
            alerts,
            keep_stats,
            file,
        })
    }

    /// What of it belongs to one of several stores: the schedules whose jobs do, and in the default store the sources, whose events
    /// would otherwise be there once for each store.
    pub(super) fn in_store(mut self, said: &StoresConfig, name: &str) -> Self {
        self.schedules.retain(|ScheduleConfig { definition, .. }| {
            let job = NewJob::new(definition.kind.as_str(), definition.args.clone());
            let job = NewJob { queue: definition.queue.clone(), ..job };
            said.routes.of_job(&job) == name
        });
        if name != said.routes.default_store() {
            self.sources.clear();
        }
        self
    }

    /// Whether there is neither a job that it runs nor a feed that it reads.
    pub(crate) fn serves_nothing(&self) -> bool {
        self.handlers.is_empty() && self.sources.is_empty()
    }

    /// How long the slowest handler may take to end when it is told to.
    pub(super) fn patience(&self) -> Duration {
        let programs =
            self.handlers.iter().filter(|handler| matches!(handler.target, Target::Exec(_)));
        programs.map(|handler| handler.grace + AFTER_KILL).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A schedule fires in the store of its jobs, and a feed is read into one store.
    #[test]
    fn what_a_file_declares_belongs_to_one_store() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("windlass.toml");
        let text = "[store.eu]\nurl = \"sqlite:eu.db\"\n[store.us]\nurl = \"sqlite:us.db\"\n\
                    [stores]\notherwise = \"us\"\n[[route]]\nqueue = \"eu-*\"\nstore = \"eu\"\n\
                    [[handler]]\nkind = \"k\"\nexec = [\"true\"]\n\
                    [schedule.a]\nevery = \"1h\"\nkind = \"k\"\nqueue = \"eu-mail\"\n\
                    [schedule.b]\nevery = \"1h\"\nkind = \"k\"\n\
                    [source.feed]\nurl = \"http://127.0.0.1:9/\"\nreader = \"json-lines\"\n";
        std::fs::write(&file, text).expect("written");
        let said = Config::stores(&file).expect("read").expect("two stores");
        for (name, schedules, sources) in [("eu", ["a"], 0), ("us", ["b"], 1)] {
            let plan = Plan::read(&file, None).expect("read").in_store(&said, name);
            let names: Vec<&str> = plan.schedules.iter().map(|one| one.name.as_str()).collect();
            assert_eq!((names.as_slice(), plan.sources.len()), (&schedules[..], sources), "{name}");
            assert_eq!(plan.handlers.len(), 1, "handlers are for all of them");
        }
    }
}

//! How a worker makes itself known.

use super::super::label::{host_name, label};
use super::{Purpose, Worker};
use crate::handler::Registered;
use crate::id::WorkerId;
use crate::worker::{LivesWith, Registration};

impl<App> Worker<App> {
    /// How this worker makes itself known.
    pub(super) fn registration(&self, queues: &[(String, usize)], slots: usize) -> Registration {
        let worker = WorkerId::new();
        let host = host_name();
        Registration {
            lives_with: LivesWith::Process,
            worker,
            label: label(&host, worker),
            host,
            pid: std::process::id(),
            build: self.build.clone(),
            queues: queues.iter().map(|(name, _)| name.clone()).collect(),
            handlers: self.handlers.iter().flat_map(Registered::keys).collect(),
            limits: self.limits.clone(),
            kind_limits: self.handlers.iter().filter_map(Registered::kind_limits).collect(),
            expected: self.handlers.iter().filter_map(Registered::expected).collect(),
            slots: match self.purpose {
                Purpose::Maintenance => 0,
                Purpose::Jobs => u32::try_from(slots).unwrap_or(u32::MAX),
            },
            kind_slots: self.handlers.iter().filter_map(Registered::kind_slots).collect(),
            lease: self.options.lease,
        }
    }
}

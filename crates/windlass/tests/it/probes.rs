//! Handlers that tests run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use windlass::prelude::*;
use windlass::{Backoff, RetryPolicy};

/// What probes share with their test.
#[derive(Debug)]
pub(crate) struct StoreFixture {
    /// Opened by the test to let `Gate` handlers end.
    pub(crate) gate: Semaphore,
    /// Handlers inside `Gate` now, and the most there were.
    pub(crate) inside: AtomicUsize,
    pub(crate) most_inside: AtomicUsize,
}

impl StoreFixture {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            gate: Semaphore::new(0),
            inside: AtomicUsize::new(0),
            most_inside: AtomicUsize::new(0),
        })
    }
}

type App = Arc<StoreFixture>;

fn at_once() -> RetryPolicy {
    RetryPolicy { backoff: Backoff::Fixed(Duration::ZERO), ..RetryPolicy::default() }
}

/// Returns its number.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.ok")]
pub(crate) struct Okay {
    pub(crate) number: u32,
}

impl Run<App> for Okay {
    type Output = u32;

    async fn run(self, _cx: &Context<App>) -> Result<u32, JobError> {
        Ok(self.number)
    }
}

/// Fails so many times, then succeeds.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.fail", retry = at_once)]
pub(crate) struct Fail {
    pub(crate) times: u32,
}

impl Run<App> for Fail {
    type Output = ();

    async fn run(self, cx: &Context<App>) -> Result<(), JobError> {
        if cx.failures() < self.times {
            return Err(JobError::retry(format_args!("failure {}", cx.failures() + 1)));
        }
        Ok(())
    }
}

/// Ends as it is told.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.end", max_attempts = 1)]
pub(crate) enum End {
    Panic,
    Dead,
    Discard,
    SnoozeOnce,
    Nul,
}

impl Run<App> for End {
    type Output = ();

    async fn run(self, cx: &Context<App>) -> Result<(), JobError> {
        match self {
            Self::Panic => panic!("the probe panics"),
            Self::Dead => Err(JobError::dead("no way")),
            Self::Discard => Err(JobError::discard("the subject is gone")),
            Self::SnoozeOnce if cx.attempt() == 1 => Err(JobError::snooze(Duration::ZERO)),
            Self::SnoozeOnce => Ok(()),
            Self::Nul => Err(JobError::retry("a\0b")),
        }
    }
}

/// Waits at the gate until the test opens it, or until it is told to end.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.gate")]
pub(crate) struct Gate {}

impl Run<App> for Gate {
    type Output = ();

    async fn run(self, cx: &Context<App>) -> Result<(), JobError> {
        let fixture = cx.app();
        let inside = fixture.inside.fetch_add(1, Ordering::SeqCst) + 1;
        fixture.most_inside.fetch_max(inside, Ordering::SeqCst);
        let ended = tokio::select! {
            pass = fixture.gate.acquire() => pass.map(tokio::sync::SemaphorePermit::forget).map_err(JobError::from),
            () = cx.cancelled() => Err(JobError::cancelled("told to")),
        };
        fixture.inside.fetch_sub(1, Ordering::SeqCst);
        ended
    }
}

/// Never ends and ignores every wish.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.hang", timeout = "200ms", max_attempts = 1)]
pub(crate) struct Hang {}

impl Run<App> for Hang {
    type Output = ();

    async fn run(self, _cx: &Context<App>) -> Result<(), JobError> {
        std::future::pending().await
    }
}

/// Enqueues a child.
#[derive(Debug, Clone, Serialize, Deserialize, Job)]
#[job(kind = "probe.parent")]
pub(crate) struct Parent {}

impl Run<App> for Parent {
    type Output = JobId;

    async fn run(self, cx: &Context<App>) -> Result<JobId, JobError> {
        Ok(cx.enqueue(Okay { number: 1 }.job()).await?.id())
    }
}

//! What the test tells a probe, through one environment variable.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The variable.
pub const VARIABLE: &str = "WINDLASS_PROBE";

/// A probe's settings. Times are scaled down so that a test lives through several leases.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    /// The store's URL.
    pub store: String,
    /// The folder for records: one file for each process, and the gate.
    pub folder: PathBuf,
    /// Jobs it runs at once.
    pub slots: usize,
    /// The queues it serves.
    pub queues: Vec<String>,
    /// How long its lease lasts.
    pub lease: Duration,
    /// How often it renews it.
    pub heartbeat: Duration,
    /// How often it sweeps.
    pub sweep: Duration,
    /// How long a handler that was told to end may take.
    pub abandon_after: Duration,
    /// How long handlers may go on after SIGTERM.
    pub grace: Duration,
    /// How long a handler may run.
    pub timeout: Duration,
    /// Jobs claimed ahead.
    pub prefetch: usize,
    /// A fault to come, as [`super::plan::Plan`] writes it.
    pub fault: Option<String>,
    /// By how many seconds its wall clock is ahead.
    pub skew: i64,
    /// It reads a feed of so many records.
    pub feed: Option<u64>,
    /// Since when that has had ten more in each second, in microseconds; all of them are there where this is not said.
    pub feed_since: Option<i64>,
}

impl Settings {
    /// Scaled times and ten slots.
    #[must_use]
    pub fn new(store: String, folder: PathBuf) -> Self {
        Self {
            store,
            folder,
            slots: 10,
            queues: vec!["default".to_owned()],
            lease: Duration::from_secs(3),
            heartbeat: Duration::from_secs(1),
            sweep: Duration::from_secs(1),
            abandon_after: Duration::from_millis(300),
            grace: Duration::from_secs(2),
            timeout: Duration::from_secs(60),
            prefetch: 0,
            fault: None,
            skew: 0,
            feed: None,
            feed_since: None,
        }
    }

    /// The settings in this process's environment.
    ///
    /// # Errors
    /// When there are none, or they cannot be read.
    pub fn from_environment() -> Result<Self, String> {
        let text = std::env::var(VARIABLE).map_err(|error| format!("{VARIABLE}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{VARIABLE}: {error}"))
    }

    /// The settings as the variable's value.
    #[must_use]
    pub fn to_value(&self) -> String {
        serde_json::to_string(self).expect("settings are JSON")
    }

    /// The file that opens the gate once it exists.
    #[must_use]
    pub fn gate(&self) -> PathBuf {
        self.folder.join("gate-is-open")
    }
}

use crate::{Peer, Result};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Drain,
    Bulk,
    Enqueue,
    Latency,
}

/// `Default` is the peer as it comes, `Fastest` the fastest way its documentation describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Config {
    Default,
    Fastest,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub mode: Mode,
    pub store: String,
    pub config: Config,
    pub jobs: usize,
    pub slots: usize,
    pub batch: usize,
    pub clients: usize,
}

impl Options {
    pub fn from_command_line() -> Result<Self> {
        let mut words = std::env::args().skip(1);
        let mode =
            words.next().ok_or("usage: DRIVER MODE --store URL [--config C] [--jobs N] …")?;
        let mut options = Self {
            mode: parse_mode(&mode)?,
            store: String::new(),
            config: Config::Fastest,
            jobs: 10_000,
            slots: 50,
            batch: 1_000,
            clients: 1,
        };
        while let Some(flag) = words.next() {
            let value = words.next().ok_or_else(|| format!("{flag} needs a value"))?;
            options.set(&flag, value)?;
        }
        Ok(options)
    }

    /// How many jobs the worker of this peer runs at a time.
    pub fn slots<P: Peer>(&self) -> usize {
        match self.config {
            Config::Default => self.slots,
            Config::Fastest => P::FASTEST_SLOTS.unwrap_or(self.slots),
        }
    }

    /// The path of a SQLite store, which is given as `sqlite:PATH`.
    pub fn sqlite_path(&self) -> Result<&str> {
        self.store.strip_prefix("sqlite:").ok_or_else(|| "the store must be sqlite:PATH".into())
    }

    fn set(&mut self, flag: &str, value: String) -> Result<()> {
        match flag {
            "--store" => self.store = value,
            "--config" => self.config = parse_config(&value)?,
            "--jobs" => self.jobs = value.parse()?,
            "--slots" => self.slots = value.parse()?,
            "--batch" => self.batch = value.parse()?,
            "--clients" => self.clients = value.parse()?,
            _ => return Err(format!("unknown option {flag}").into()),
        }
        Ok(())
    }
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Bulk => "bulk",
            Self::Enqueue => "enqueue",
            Self::Latency => "latency",
        }
    }
}

impl Config {
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Fastest => "fastest",
        }
    }
}

fn parse_mode(name: &str) -> Result<Mode> {
    [Mode::Drain, Mode::Bulk, Mode::Enqueue, Mode::Latency]
        .into_iter()
        .find(|mode| mode.name() == name)
        .ok_or_else(|| format!("unknown mode {name}").into())
}

fn parse_config(name: &str) -> Result<Config> {
    [Config::Default, Config::Fastest]
        .into_iter()
        .find(|config| config.name() == name)
        .ok_or_else(|| format!("unknown config {name}").into())
}

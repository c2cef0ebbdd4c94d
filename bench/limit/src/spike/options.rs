use anyhow::{Context, Result};
use clap::Args;

use super::design;
use super::trial::Trial;

#[derive(Args)]
pub struct Options {
    #[arg(long, default_value = "postgres://postgres@127.0.0.1:5432/postgres")]
    pub store: String,
    #[arg(long, default_value_t = 80_000)]
    pub jobs: usize,
    /// Jobs per claim
    #[arg(long, default_value_t = 500)]
    pub batch: usize,
    /// Jobs per settle statement
    #[arg(long, value_delimiter = ',', default_value = "25,100,250")]
    pub group: Vec<usize>,
    /// 1: claims and settles alternate; 2: they overlap
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    pub connections: Vec<usize>,
    /// Designs to compare; all of them if not given
    #[arg(long, value_delimiter = ',')]
    pub design: Vec<String>,
    /// Claim more when fewer jobs than this are out
    #[arg(long, default_value_t = 1000)]
    pub window: usize,
    /// Only this many of the claimed jobs, the oldest, run at a time; all of them if not given
    #[arg(long)]
    pub running: Option<usize>,
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Print the plans of each design's claim and settle instead of measuring
    #[arg(long)]
    pub explain: bool,
}

impl Options {
    pub fn trials(&self) -> Result<Vec<Trial>> {
        let mut trials = Vec::new();
        for &connections in &self.connections {
            for &group in &self.group {
                for design in self.designs()? {
                    trials.push(Trial {
                        design,
                        group,
                        connections,
                        jobs: self.jobs,
                        batch: self.batch,
                        window: self.window,
                        running: self.running.unwrap_or(usize::MAX),
                    });
                }
            }
        }
        Ok(trials)
    }

    fn designs(&self) -> Result<Vec<&'static design::Design>> {
        if self.design.is_empty() {
            return Ok(design::ALL.iter().collect());
        }
        self.design
            .iter()
            .map(|name| design::named(name).with_context(|| format!("no design {name}")))
            .collect()
    }
}

use std::fmt;
use std::sync::Arc;

use anyhow::Result;
use tokio_postgres::Client;
use uuid::Uuid;

use super::audit;
use super::design::Design;
use super::engine::Engine;
use super::feed::{Claimer, Feed};
use super::reading::Reading;
use super::shift::Shift;
use crate::postgres::meter::Meter;
use crate::postgres::{self, load, scratch};

/// One measurement of one design.
#[derive(Clone)]
pub struct Trial {
    pub design: &'static Design,
    pub group: usize,
    pub connections: usize,
    pub jobs: usize,
    pub batch: usize,
    pub window: usize,
    pub running: usize,
}

impl Trial {
    pub async fn run(&self, store: &str) -> Result<Reading> {
        let admin = postgres::connect(store).await?;
        self.set_up(&admin).await?;

        let settling = Arc::new(self.engine(store).await?);
        let claiming = match self.connections {
            1 => settling.clone(),
            _ => Arc::new(self.engine(store).await?),
        };
        let meter = Meter::start(&admin, &[&settling.client, &claiming.client]).await?;
        let claimer =
            Claimer { engine: claiming.clone(), worker: Uuid::now_v7(), batch: self.batch };
        let feed = match self.connections {
            1 => Feed::Alternate(claimer),
            _ => Feed::overlapping(claimer),
        };
        let tally = Shift::new(self, settling.clone(), feed).work().await?;
        let cost = meter.stop().await?;

        audit::check(&admin, self.jobs).await?;
        scratch::drop(&admin).await?;
        Ok(Reading::new(self.jobs, &cost, &tally))
    }

    pub async fn set_up(&self, admin: &Client) -> Result<()> {
        scratch::create(admin, self.design.tables).await?;
        load::fill(admin, self.jobs).await?;
        scratch::tidy(admin).await
    }

    pub async fn engine(&self, store: &str) -> Result<Engine> {
        Engine::prepare(postgres::connect(store).await?, self.design).await
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} group {:>3}, {} conn", self.design.name, self.group, self.connections)
    }
}

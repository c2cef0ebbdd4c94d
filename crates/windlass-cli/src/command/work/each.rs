//! `windlass work --once` over several stores: one after the other.

use super::Args;
use super::screen::Screen;
use super::session::{Ended, Session, Until};
use crate::config::StoresConfig;
use crate::exit::{Exit, Failure};
use crate::globals::Globals;
use crate::service::Service;
use crate::shutdown::Signals;
use crate::store;

/// What the sessions of all stores share.
pub(super) struct Each<'a> {
    pub(super) args: &'a Args,
    pub(super) globals: &'a Globals,
    pub(super) service: &'a Service,
    pub(super) screen: Screen,
}

impl Each<'_> {
    /// Runs what is due in each store. One that is away does not keep the others from it, and is told at the end.
    pub(super) async fn drain(
        &self,
        said: &StoresConfig,
        signals: &mut Signals,
    ) -> anyhow::Result<Exit> {
        let mut failed = Vec::new();
        for (name, url) in &said.urls {
            match self.one(url, signals).await {
                Ok(Ended::Drained) => {}
                Ok(Ended::Stopped | Ended::Changed) => return Ok(Exit::Done),
                Err(error) => failed.push((name, error)),
            }
        }
        match failed.as_slice() {
            [] => Ok(Exit::Done),
            failed => {
                let told = failed.iter().map(|(name, error)| format!("store {name}: {error:#}"));
                let what = told.collect::<Vec<_>>().join("; ");
                Err(Failure::new(Exit::PartlyFailed, what).into())
            }
        }
    }

    async fn one(&self, url: &str, signals: &mut Signals) -> anyhow::Result<Ended> {
        let globals = &self.globals.on(url.to_owned());
        let store = store::created(url).await?;
        let (plan, screen) = (self.args.plan_of(url)?, self.screen.clone());
        let session = Session { globals, service: self.service, plan, store, screen };
        session.run(signals, Until::Drained).await
    }
}

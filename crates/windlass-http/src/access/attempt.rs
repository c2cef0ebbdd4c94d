//! Attempts at signing in: so many from one network, and after some with one name each takes its time.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::request::Parts;
use tokio::time::sleep;

use super::proxy::{Proxies, client_address};
use crate::problem::{Code, Problem};
use crate::rate::{Rates, RequestRate};
use crate::who::{Who, network};

/// From one network, at once and then one in 6 s.
const OF_A_NETWORK: u32 = 10;
const OF_A_NETWORK_EACH: Duration = Duration::from_secs(6);
/// With one name, at once and then one in 3 s without a wait.
const OF_A_NAME: u32 = 20;
const OF_A_NAME_EACH: Duration = Duration::from_secs(3);
/// How long an attempt with a name waits that many others try: its owner still gets in from elsewhere.
const WAIT: Duration = Duration::from_secs(2);

/// What has been tried lately.
#[derive(Debug)]
pub(crate) struct Attempts {
    networks: Rates,
    names: Rates,
}

impl Default for Attempts {
    fn default() -> Self {
        let of = |burst: u32, each| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Rates::of(RequestRate::every(each).burst(burst))
        };
        Self { networks: of(OF_A_NETWORK, OF_A_NETWORK_EACH), names: of(OF_A_NAME, OF_A_NAME_EACH) }
    }
}

impl Attempts {
    /// Lets an attempt pass, later where it must wait.
    pub(crate) async fn pass(
        &self,
        request: &Parts,
        proxies: Option<&Proxies>,
        name: &str,
    ) -> Result<(), Problem> {
        // A program that the API is nested in may say nothing of where a request comes from.
        let from = client_address(request, proxies).map(network);
        let who = from.map_or_else(|| Who::Caller(name.into()), Who::Address);
        if let Some(wait) = self.networks.take(&who).wait {
            let detail = "too many attempts to sign in from where you are; nobody was signed in";
            return Err(Problem::new(Code::TooManyRequests, detail).retry_after(wait));
        }
        if let Some(wait) = self.names.take(&Who::Caller(name.into())).wait {
            sleep(wait.min(WAIT)).await;
        }
        Ok(())
    }
}

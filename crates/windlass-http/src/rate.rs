//! How many requests each caller may make in a time.
//!
//! By token where somebody is known, by address otherwise. What a worker says of jobs that it runs is never refused: it would lose
//! its leases. The headers are those of draft-ietf-httpapi-ratelimit-headers-10.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

use crate::api::Api;
use crate::exchange::OfPage;
use crate::problem::{Code, Problem, whole_seconds};
use crate::who::Who;

/// What is left, and what there is of it.
pub(crate) const HEADERS: [HeaderName; 2] =
    [HeaderName::from_static("ratelimit"), HeaderName::from_static("ratelimit-policy")];
/// So many callers are told apart at most, which bounds the memory. Others share what one of these has.
const CALLERS: u64 = 1 << 18;

/// What is said of jobs that run: by the worker that has their leases.
const OF_RUNNING_JOBS: [(Method, &str); 4] = [
    (Method::POST, "/v1/workers/{id}/heartbeat"),
    (Method::POST, "/v1/results"),
    (Method::POST, "/v1/jobs/{id}/report"),
    (Method::DELETE, "/v1/workers/{id}"),
];
/// What watches the server itself asks for.
const OF_THE_SERVER: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// So many requests in a time, of each caller.
#[derive(Debug, Clone, Copy)]
pub struct RequestRate(Quota);

impl RequestRate {
    /// So many in a second, evenly, and as many at once unless [`RequestRate::burst`] says otherwise.
    #[must_use]
    pub const fn per_second(requests: NonZeroU32) -> Self {
        Self(Quota::per_second(requests))
    }

    /// One each so long; one in a second where that is zero.
    #[must_use]
    pub fn every(time: Duration) -> Self {
        Self(Quota::with_period(time).unwrap_or(Quota::per_second(NonZeroU32::MIN)))
    }

    /// So many at once, after a time without any.
    #[must_use]
    pub const fn burst(self, requests: NonZeroU32) -> Self {
        Self(self.0.allow_burst(requests))
    }
}

/// Time as the runtime has it.
#[derive(Debug, Clone, Copy)]
struct Since(Instant);

impl Clock for Since {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Limiter = RateLimiter<u64, HashMapStateStore<u64>, Since, StateInformationMiddleware>;

/// What each caller has left.
#[derive(Clone)]
pub(crate) struct Rates(Arc<Shared>);

struct Shared {
    rate: Quota,
    clock: Since,
    limiter: Limiter,
    names: RandomState,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rates").field(&self.0.rate).finish()
    }
}

/// What a request has left behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) requests: u32,
    /// How long until it may be made, where it may not now.
    pub(crate) wait: Option<Duration>,
}

impl Rates {
    pub(crate) fn of(rate: RequestRate) -> Self {
        let clock = Since(Instant::now());
        let limiter = Limiter::new(rate.0, HashMapStateStore::default(), clock);
        Self(Arc::new(Shared { rate: rate.0, clock, limiter, names: RandomState::new() }))
    }

    pub(crate) fn take(&self, who: &Who) -> Left {
        let Shared { clock, limiter, names, .. } = &*self.0;
        match limiter.check_key(&(names.hash_one(who) % CALLERS)) {
            Ok(state) => Left { requests: state.remaining_burst_capacity(), wait: None },
            Err(refused) => Left { requests: 0, wait: Some(refused.wait_time_from(clock.now())) },
        }
    }

    /// Says what is left, and what there is: a burst, and how long it takes to come back.
    fn tell(&self, headers: &mut HeaderMap, left: &Left) {
        let (burst, each) = (self.0.rate.burst_size().get(), self.0.rate.replenish_interval());
        let whole = whole_seconds(each.saturating_mul(burst));
        let rest = whole_seconds(each.saturating_mul(burst.saturating_sub(left.requests)));
        let texts = [
            format!("\"requests\";r={};t={rest}", left.requests),
            format!("\"requests\";q={burst};w={whole}"),
        ];
        for (name, text) in HEADERS.into_iter().zip(texts) {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
}

/// Refuses what comes faster than it may, before anything is done for it.
pub(crate) async fn limited(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(rates) = api.rates().filter(|_| counts(&request)) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let caller = match api.access().is_by_address() {
        true => None,
        false => api.caller(&parts).await.ok(),
    };
    let left = rates.take(&Who::of(&api, &parts, caller.as_ref()));
    let mut response = match left.wait {
        Some(wait) => refused(wait).into_response(),
        None => next.run(Request::from_parts(parts, body)).await,
    };
    rates.tell(response.headers_mut(), &left);
    response
}

/// Whether a request counts, and may be refused.
fn counts(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map_or("", |route| route.as_str());
    // What a page reads is shared by its viewers, and a page is several questions.
    let is_read_of_page =
        request.extensions().get::<OfPage>().is_some() && request.method().is_safe();
    !is_read_of_page && may_refuse(request.method(), route)
}

pub(crate) fn may_refuse(method: &Method, route: &str) -> bool {
    let is_of_running = |(of, end): &(Method, &str)| of == method && route.ends_with(end);
    !OF_RUNNING_JOBS.iter().any(is_of_running)
        && !OF_THE_SERVER.iter().any(|end| route.ends_with(end))
}

fn refused(wait: Duration) -> Problem {
    // Rounded up: a request that comes then is not refused again.
    let wait = Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) + 1);
    let detail = format!(
        "so many requests at once are more than one caller may make; try again in {} ms; nothing was written",
        wait.as_millis()
    );
    Problem::new(Code::TooManyRequests, detail).retry_after(wait)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn rates(per_second: u32, burst: u32) -> Rates {
        let number = |number| NonZeroU32::new(number).expect("not 0");
        Rates::of(RequestRate::per_second(number(per_second)).burst(number(burst)))
    }

    /// What was used up comes back evenly, and one caller uses nothing of another's.
    #[tokio::test(start_paused = true)]
    async fn what_was_used_up_comes_back_evenly() {
        let rates = rates(2, 3);
        let (ana, ben) = (Who::Caller("ana".into()), Who::Caller("ben".into()));
        for left in [2, 1, 0] {
            assert_eq!(rates.take(&ana), Left { requests: left, wait: None });
        }
        let wait = Some(Duration::from_millis(500));
        for _ in 0..3 {
            assert_eq!(rates.take(&ana), Left { requests: 0, wait });
        }
        assert_eq!(rates.take(&ben), Left { requests: 2, wait: None });
        tokio::time::advance(Duration::from_millis(499)).await;
        assert_eq!(rates.take(&ana).wait, Some(Duration::from_millis(1)));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(rates.take(&ana), Left { requests: 0, wait: None });
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(rates.take(&ana), Left { requests: 2, wait: None });
    }

    #[tokio::test(start_paused = true)]
    async fn the_headers_tell_what_is_left_and_when_it_is_back() {
        let rates = rates(2, 3);
        let mut headers = HeaderMap::new();
        rates.tell(&mut headers, &rates.take(&Who::Anybody));
        assert_eq!(headers["ratelimit"], "\"requests\";r=2;t=1");
        assert_eq!(headers["ratelimit-policy"], "\"requests\";q=3;w=2");
    }

    /// However many there are, so many are kept.
    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded() {
        let rates = rates(1, 1);
        for n in 0..600_000_u32 {
            rates.take(&Who::Address(IpAddr::V4(n.into())));
        }
        assert!(rates.0.limiter.len() as u64 <= CALLERS);
        assert!(rates.0.limiter.len() as u64 > CALLERS / 2, "most are told apart");
    }
}

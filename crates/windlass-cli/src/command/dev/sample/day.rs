//! Day: what the shop has done since yesterday, in the order it happened.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use windlass::event::NewEvent;
use windlass::job::{Claimed, Verdict};
use windlass::schedule;
use windlass::stats::{self, Kept};
use windlass::store::{Now, Store};
use windlass::subscription::Feed;
use windlass::testing::Clock;
use windlass::{Client, JobId, NewJob, Outcome, Timestamp};

use super::hand::{Hand, Held, Profile};
use super::words::{
    GATEWAY, NO_MAILBOX, SMTP_BUSY, before, incomplete, job, json_of, order, renderer,
};
use super::{scene, scene_flows};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const BEGINS: Duration = Duration::from_secs(24 * 3_600);
/// How finely time passes, until the last hour and in it: as charts show it.
const COARSE: Duration = Duration::from_secs(300);
const FINE: Duration = Duration::from_secs(10);
/// The shop's machines were off from here to there, so that a schedule has missed a run.
const AWAY: [Duration; 2] = [Duration::from_secs(9 * 3_600), Duration::from_secs(7 * 3_600)];
/// Since and until when, before now, invoices could not be made.
const RENDERER_AWAY: [Duration; 2] = [Duration::from_secs(38 * 60), Duration::from_secs(15 * 60)];
/// Since when nobody runs what comes for the machine with the pictures.
pub(super) const MEDIA_PAUSED: Duration = Duration::from_secs(24 * 60);
/// Since and until when, before now, mails had no mailbox to go to.
const NO_MAILBOX_THERE: [Duration; 2] =
    [Duration::from_secs(31 * 60), Duration::from_secs(30 * 60)];
/// Since when the gateway does not answer.
const GATEWAY_AWAY: Duration = Duration::from_secs(150);
/// How long after the day's beginning the schedules were made, so that none is due at this moment.
const SCHEDULED: Duration = Duration::from_secs(11 * 60);
const SEED: u64 = 20_261;
/// So often a worker takes jobs in a step.
const ROUNDS: usize = 6;
/// So many jobs are taken at once.
const CLAIM: usize = 200;

const SHOP: &[&str] = &[
    "mail.receipt",
    "mail.shipping",
    "mail.digest",
    "invoice.create",
    "payment.capture",
    "catalog.import",
    "catalog.row",
    "order.reserve",
    "order.pick",
    "order.ship",
    "report.daily",
    "sitemap.build",
    "supplier.stock",
];
const WORKERS: [Profile; 3] = [
    Profile {
        host: "app-1",
        pid: 812,
        build: "shop 2.14.0",
        queues: &["mail", "billing", "orders", "imports", "default"],
        kinds: SHOP,
        slots: 16,
    },
    Profile {
        host: "app-2",
        pid: 790,
        build: "shop 2.14.0",
        queues: &["mail", "billing", "orders", "imports", "default"],
        kinds: SHOP,
        slots: 16,
    },
    Profile {
        host: "media-1",
        pid: 233,
        build: "thumbs 1.3.1",
        queues: &["media"],
        kinds: &["image.thumbnail", "image.crop"],
        slots: 4,
    },
];

/// The day under way.
pub(super) struct Day {
    pub(super) store: Arc<dyn Store>,
    pub(super) client: Client,
    pub(super) hands: Vec<Hand>,
    pub(super) now: Timestamp,
    clock: Clock,
    rng: Rng,
    feed: Feed,
    /// It does what a leader does, and leaves.
    leader: Hand,
    pub(super) orders: u64,
    /// The mail about an order that is sent back later.
    pub(super) to_cancel: Option<JobId>,
}

impl Day {
    pub(super) async fn begin(store: Arc<dyn Store>, clock: Clock) -> anyhow::Result<Self> {
        let now = clock.now();
        clock.set(before(now, BEGINS));
        let client = Client::new(Arc::clone(&store)).with_origin("shop");
        let leader = Profile {
            host: "app-0",
            pid: 1,
            build: "shop 2.13.2",
            queues: &[],
            kinds: &[],
            slots: 1,
        };
        let leader = Hand::register(&store, &leader, HOUR).await?;
        let mut hands = Vec::new();
        for profile in &WORKERS {
            hands.push(Hand::register(&store, profile, HOUR).await?);
        }
        clock.set(before(now, BEGINS + SCHEDULED));
        scene::schedules(&client).await?;
        clock.set(before(now, BEGINS));
        scene::rules(&client).await?;
        let (rng, feed, orders) = (Rng::with_seed(SEED), Feed::without_pace(), 10_000);
        Ok(Self { store, client, hands, now, clock, rng, feed, leader, orders, to_cancel: None })
    }

    /// Has the time pass until now.
    pub(super) async fn pass(&mut self) -> anyhow::Result<()> {
        let mut ago = BEGINS;
        while ago > Duration::ZERO {
            let step = if ago > HOUR { COARSE } else { FINE };
            let is_away = ago <= AWAY[0] && ago > AWAY[1];
            self.clock.set(before(self.now, ago));
            if !is_away {
                self.tick(ago, step).await?;
            }
            ago = ago.saturating_sub(step);
        }
        Ok(())
    }

    /// What is there now, besides; the workers that live on.
    pub(super) async fn end(mut self) -> anyhow::Result<Vec<Hand>> {
        self.clock.set(self.now);
        scene_flows::asked(&self).await?;
        self.lead().await?;
        self.store.tidy(Now::Database).await?;
        self.store.leave(self.leader.worker(), Now::Database).await?;
        for hand in &mut self.hands {
            hand.beat(windlass::limits::LEASE).await?;
        }
        Ok(self.hands)
    }

    /// It is so late in the day.
    pub(super) fn moment(&self) -> Timestamp {
        self.clock.now()
    }

    async fn tick(&mut self, ago: Duration, step: Duration) -> anyhow::Result<()> {
        scene::happens(self, ago).await?;
        self.order(ago, step).await?;
        self.lead().await?;
        for at in 0..self.hands.len() {
            // A step is longer than a job, and a limit leaves some to the next one that ends.
            for _ in 0..ROUNDS {
                if !self.work(at, ago).await? {
                    break;
                }
            }
        }
        self.measure().await
    }

    /// Orders that come in, more of them by day, and pictures that are uploaded.
    async fn order(&mut self, ago: Duration, step: Duration) -> anyhow::Result<()> {
        // By how long ago it was, so that the day is the same whenever it is shown.
        let busy = 1.0 - (ago.as_secs_f64() / HOUR.as_secs_f64() - 9.0).abs() / 20.0;
        let mean = busy * 1.6 * step.as_secs_f64() / MINUTE.as_secs_f64();
        let number = (mean * (0.4 + 1.2 * self.rng.f64()) + self.rng.f64()) as usize;
        let mut events = Vec::new();
        for _ in 0..number {
            self.orders += 1;
            let data = order(self.orders, self.rng.usize(..8), self.rng.u64(900..24_000));
            let event =
                NewEvent::new("order.paid", json_of(&data)).source("https://shop.example.com");
            let customer = data["customer"].as_str().unwrap_or_default();
            let about = windlass::Subject::new("customer", customer);
            let event = event.time(self.clock.now());
            events.push(event.subject(format!("order/{}", self.orders)).about(about));
        }
        self.client.publish_all(events).await?;
        if ago > MEDIA_PAUSED {
            let thumbnails =
                (0..number + self.rng.usize(..2)).map(|_| self.thumbnail()).collect::<Vec<_>>();
            self.client.enqueue_all(thumbnails).await?;
        }
        Ok(())
    }

    pub(super) fn thumbnail(&mut self) -> NewJob {
        let args = serde_json::json!({ "image": format!("products/{}.jpg", self.rng.u32(20_000..90_000)), "width": 640 });
        job("image.thumbnail", "media", &args)
    }

    /// What the leader does: what is due, schedules, and jobs of events.
    async fn lead(&mut self) -> anyhow::Result<()> {
        self.leader.beat(HOUR).await?;
        self.store.sweep(self.leader.worker(), Now::Database).await?;
        schedule::fire_due(&*self.store, Now::Database).await?;
        while self.feed.round(&*self.store, Now::Database).await?.is_behind {}
        Ok(())
    }

    /// What a worker does with what there is; whether that was anything.
    async fn work(&mut self, at: usize, ago: Duration) -> anyhow::Result<bool> {
        let hand = &mut self.hands[at];
        hand.beat(HOUR).await?;
        let claimed = self.clock.now().after(Duration::from_millis(self.rng.u64(20..900)));
        let most = if at == 0 { CLAIM.min(hand.slots() / 3) } else { CLAIM };
        let held = hand.claim(most, claimed).await?;
        let rng = &mut self.rng;
        let ends: Vec<_> = held.into_iter().map(|one| end(one, ago, rng)).collect();
        let last = ends.iter().map(|(_, ran, _)| *ran).max().unwrap_or_default();
        let is_some = !ends.is_empty();
        if is_some {
            hand.settle(ends, claimed.after(last)).await?;
        }
        Ok(is_some)
    }

    async fn measure(&mut self) -> anyhow::Result<()> {
        for hand in &mut self.hands {
            hand.write_stats().await?;
        }
        stats::fold(&*self.store, Kept::default(), Now::Database).await?;
        Ok(())
    }
}

/// How an attempt ends, and after how long: before the next step, which is the next thing that is written.
fn end(held: Held, ago: Duration, rng: &mut Rng) -> (Held, Duration, Verdict) {
    let usual = match held.job.kind.as_str() {
        "image.thumbnail" => 900,
        "invoice.create" => 650,
        "payment.capture" => 420,
        "report.daily" => 9_000,
        _ => 140,
    };
    let ran = Duration::from_millis(usual * rng.u64(40..260) / 100).min(FINE);
    let verdict = fault(&held.job, ago, rng).unwrap_or(Verdict::Complete { output: None });
    (held, ran, verdict)
}

fn fault(job: &Claimed, ago: Duration, rng: &mut Rng) -> Option<Verdict> {
    if ago > AWAY[0] && ago < AWAY[0] + 3 * HOUR {
        return None;
    }
    let is_away = ago <= RENDERER_AWAY[0] && ago > RENDERER_AWAY[1];
    if let Some(error) = incomplete(job) {
        return Some(for_good(error));
    }
    let (error, per_thousand) = match job.kind.as_str() {
        "invoice.create" if is_away => (renderer(10_000 + rng.u64(1_000..1_400)), 900),
        "invoice.create" => (renderer(10_000 + rng.u64(..1_000)), 4),
        "mail.receipt" if ago <= NO_MAILBOX_THERE[0] && ago > NO_MAILBOX_THERE[1] => {
            return Some(for_good(NO_MAILBOX.to_owned()));
        }
        "mail.receipt" => (SMTP_BUSY.to_owned(), 25),
        "payment.capture" if ago <= GATEWAY_AWAY => {
            let delay = 9 * MINUTE;
            return Some(Verdict::Retry {
                outcome: Outcome::Error,
                error: GATEWAY.to_owned(),
                delay,
            });
        }
        "payment.capture" => (GATEWAY.to_owned(), 12),
        _ => return None,
    };
    if rng.u64(..1_000) >= per_thousand {
        return None;
    }
    let outcome = Outcome::Error;
    if job.kind == "invoice.create" && job.failures >= 2 {
        return Some(Verdict::Die { outcome, error, reason: "it has failed 3 times".to_owned() });
    }
    // What is due between two moments would seem to have waited.
    let step = if ago > HOUR { COARSE } else { FINE };
    let delay = step * (1 << job.failures.min(4)) - Duration::from_millis(40);
    Some(Verdict::Retry { outcome, error, delay })
}

fn for_good(error: String) -> Verdict {
    Verdict::Die { outcome: Outcome::Error, error, reason: "failed for good".to_owned() }
}

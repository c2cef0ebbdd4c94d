//! Alerts as JSON: `alerts.v1`.

use serde::Serialize;
use utoipa::ToSchema;
use windlass::alert::{AlertRecord, AlertType, Alerts, Mute, MuteName, MuteRecord};
use windlass::redact::Redaction;
use windlass::{Client, EventId, JobId, Json, StoreError, Timestamp};

use crate::answer::Document;
use crate::schema;

/// What is known of alerts at one moment.
#[derive(Debug)]
pub struct Look {
    /// The moment, by the database's clock.
    pub now: Timestamp,
    /// What lasts, and what is muted.
    pub alerts: Alerts,
    /// Whether a subscription wants any, so that a worker looks for them.
    pub looked_for: bool,
}

/// What lasts and was told, or would be, and what is muted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alerts)]
pub struct AlertsBody<'a> {
    /// Whether a subscription wants any, so that a worker looks for them.
    looked_for: bool,
    /// What lasts, by its key.
    alerts: Vec<AlertBody<'a>>,
    /// What is muted, without what is over.
    muted: Vec<MuteBody<'a>>,
}

/// Something that lasts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
struct AlertBody<'a> {
    /// The name of its type and what it is about, such as `job.failing/crm.push`.
    key: &'a str,
    /// The type of the event that tells of it, such as `windlass.job.failing`.
    r#type: String,
    /// What it is about, such as `kind/crm.push`.
    subject: &'a str,
    /// Since when it is so, as far as that is known.
    #[schema(value_type = schema::Moment)]
    since: Timestamp,
    /// When it was found.
    #[schema(value_type = schema::Moment)]
    opened_at: Timestamp,
    /// When it was told; absent where it is muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>)]
    fired_at: Option<Timestamp>,
    /// The event that told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::EventId>)]
    event: Option<EventId>,
    /// What there is to know of it, as it was when it was found: the data of its event, whose members depend on the type.
    #[schema(value_type = serde_json::Value)]
    data: &'a Json,
    /// Jobs which it does not end before.
    #[schema(value_type = Vec<schema::JobId>)]
    jobs: &'a [JobId],
    /// By which name it is muted.
    muted_by: Option<&'a str>,
}

/// What is not told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mute)]
struct MuteBody<'a> {
    /// A type such as `job.failing`, a key such as `job.failing/crm.push`, or `kind/KIND`.
    name: &'a str,
    /// Whether the workers' thresholds say so, and not a person.
    is_declared: bool,
    /// Since when.
    #[schema(value_type = schema::Moment)]
    muted_at: Timestamp,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Timestamp>,
    /// Why, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
}

/// What is not told from now on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertMuted)]
pub struct AlertMutedBody<'a> {
    /// A type, a key or `kind/KIND`.
    name: &'a str,
    /// When it ends by itself.
    #[schema(value_type = Option<schema::Moment>)]
    until: Option<Timestamp>,
    /// Why, and by whom.
    note: Option<&'a str>,
}

/// What is told again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertUnmuted)]
pub struct AlertUnmutedBody<'a> {
    /// A type, a key or `kind/KIND`.
    name: &'a str,
    /// Whether a person had muted it.
    was_muted: bool,
    /// Whether the workers' thresholds mute it still.
    is_muted: bool,
}

impl Look {
    /// What is known now, as it is shown.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn of(client: &Client, redaction: &Redaction) -> Result<Self, StoreError> {
        let now = client.store().facts().await?.now;
        let mut alerts = client.alerts().await?;
        for alert in &mut alerts.open {
            alert.data = redaction.document(&alert.data).into_owned();
        }
        let subscriptions = client.subscriptions().await?;
        let mut lasting = AlertType::ALL.into_iter().filter(|alert| alert.lasts());
        let looked_for = lasting
            .any(|alert| subscriptions.iter().any(|one| alert.is_wanted(&one.definition.filter)));
        Ok(Self { now, alerts, looked_for })
    }

    /// By which name an alert is muted.
    #[must_use]
    pub fn muted_by(&self, alert: &AlertRecord) -> Option<&str> {
        let mute = self.alerts.mute_of(&alert.key, alert.kind().as_deref(), self.now);
        mute.map(|mute| mute.name.as_str())
    }

    /// What is muted, without what is over.
    pub fn mutes(&self) -> impl Iterator<Item = &MuteRecord> {
        self.alerts.muted.iter().filter(|mute| !mute.is_over(self.now))
    }
}

/// Alerts and mutes as `alerts.v1`.
#[must_use]
pub fn document(look: &Look) -> Document<AlertsBody<'_>> {
    let alerts = look.alerts.open.iter().map(|alert| body(look, alert)).collect();
    let muted = look.mutes().map(mute).collect();
    Document::new("alerts.v1", AlertsBody { looked_for: look.looked_for, alerts, muted })
}

fn body<'a>(look: &'a Look, alert: &'a AlertRecord) -> AlertBody<'a> {
    AlertBody {
        key: &alert.key,
        r#type: alert.alert.event_type(),
        subject: &alert.subject,
        since: alert.since,
        opened_at: alert.opened_at,
        fired_at: alert.fired_at,
        event: alert.event,
        data: &alert.data,
        jobs: &alert.jobs,
        muted_by: look.muted_by(alert),
    }
}

fn mute(mute: &MuteRecord) -> MuteBody<'_> {
    MuteBody {
        name: mute.name.as_str(),
        is_declared: mute.is_declared,
        muted_at: mute.muted_at,
        until: mute.until,
        note: mute.note.as_deref(),
    }
}

/// What is not told from now on, as `alert_muted.v1`.
#[must_use]
pub fn muted(mute: &Mute) -> Document<AlertMutedBody<'_>> {
    let body =
        AlertMutedBody { name: mute.name.as_str(), until: mute.until, note: mute.note.as_deref() };
    Document::new("alert_muted.v1", body)
}

/// What is told again, as `alert_unmuted.v1`: whether a person had muted it, and whether the workers' thresholds still do.
#[must_use]
pub fn unmuted(
    name: &MuteName,
    (was_muted, is_muted): (bool, bool),
) -> Document<AlertUnmutedBody<'_>> {
    let body = AlertUnmutedBody { name: name.as_str(), was_muted, is_muted };
    Document::new("alert_unmuted.v1", body)
}

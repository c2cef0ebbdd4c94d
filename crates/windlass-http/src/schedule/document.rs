//! A schedule as JSON: `schedule.v1`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use windlass::job::Meta;
use windlass::redact::Redaction;
use windlass::schedule::{Declaration, Definition, Owner, ScheduleRecord};
use windlass::{Fair, JobId, Json, Lane, Limited, Missed, Overlap, Subject, Timestamp, Unique};

use crate::answer::Document;
use crate::job::SubjectBody;
use crate::schema;

/// A schedule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleBody<'a> {
    name: &'a str,
    #[serde(flatten)]
    definition: DefinitionBody,
    /// Who decides what it is.
    #[schema(value_type = schema::Owner)]
    owner: Owner,
    /// Who changed it last: a program, a person's tool.
    changed_by: &'a str,
    /// When that was.
    #[schema(value_type = schema::Moment)]
    changed_at: Timestamp,
    /// What a program or a `windlass.toml` declared last, also where a person is the owner.
    declared: Option<DeclarationBody<'a>>,
    /// Whether what is declared is something else than what runs, since a person changed it.
    differs_from_declaration: bool,
    /// The declaration before it that said something else.
    replaced: Option<DeclarationBody<'a>>,
    /// When a declaration came back that another one had replaced: two programs declare it differently.
    #[schema(value_type = Option<schema::Moment>)]
    contested_at: Option<Timestamp>,
    /// Since when it is paused.
    #[schema(value_type = Option<schema::Moment>)]
    paused_at: Option<Timestamp>,
    /// Why it is paused, and by whom.
    note: Option<&'a str>,
    /// Since when it is removed although it is declared.
    #[schema(value_type = Option<schema::Moment>)]
    removed_at: Option<Timestamp>,
    /// Why it cannot fire: what of its rule cannot be read.
    error: Option<&'a str>,
    /// When it is due next; null while it is paused or removed, or cannot be read.
    #[schema(value_type = Option<schema::Moment>)]
    next_at: Option<Timestamp>,
    /// The due time whose run waits until the last job has ended.
    #[schema(value_type = Option<schema::Moment>)]
    queued_due_at: Option<Timestamp>,
    /// The last due time that had its turn.
    #[schema(value_type = Option<schema::Moment>)]
    last_due_at: Option<Timestamp>,
    /// Its last job.
    #[schema(value_type = Option<schema::JobId>)]
    last_job: Option<JobId>,
    /// Whether that has ended.
    last_job_has_ended: Option<bool>,
    /// Jobs enqueued.
    fired: u64,
    /// Runs left out because the last job had not ended.
    skipped: u64,
    /// Due times that passed while nothing could run, and had no run of their own.
    missed_due_times: u64,
}

/// When something is due, and the job that is enqueued then.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScheduleDefinition)]
struct DefinitionBody {
    /// A cron line, or `every` and a duration.
    rule: String,
    /// The zone whose clocks it goes by.
    zone: String,
    #[schema(value_type = schema::Missed)]
    missed: Missed,
    #[schema(value_type = schema::Overlap)]
    overlap: Overlap,
    /// The kind of its jobs.
    kind: String,
    /// The shape of their args.
    version: u16,
    /// Where they wait.
    queue: String,
    /// The queue their kind declares, where another was chosen.
    declared_queue: Option<String>,
    /// Smaller runs first.
    priority: i16,
    /// Failures after which they are dead; null leaves it to the handler.
    max_attempts: Option<u16>,
    /// Worker deaths after which they are dead; null leaves it to the handler.
    max_losses: Option<u16>,
    /// How long their handler may run; null leaves it to the handler.
    timeout_ms: Option<u64>,
    /// If one has not started this long after it was enqueued, it is cancelled and never runs.
    expires_ms: Option<u64>,
    /// What the handler gets.
    #[schema(value_type = serde_json::Value)]
    args: Json,
    #[schema(value_type = Option<schema::Unique>)]
    unique: Option<Unique>,
    #[schema(value_type = Option<schema::Lane>)]
    lane: Option<Lane>,
    #[schema(value_type = Option<schema::Fair>)]
    fair: Option<Fair>,
    #[schema(value_type = Option<schema::Limited>)]
    limited: Option<Limited>,
    /// What they take of rates.
    cost: Option<u16>,
    /// Words they are found by.
    tags: Vec<String>,
    /// What they are about.
    #[schema(value_type = Vec<SubjectBody>)]
    subjects: Vec<OwnSubject>,
    /// Fields of their args that are marked, by their paths: they are not shown, here and elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    redact: Vec<String>,
    /// W3C trace context.
    traceparent: Option<String>,
}

#[derive(Debug, Serialize)]
struct OwnSubject {
    r#type: String,
    id: String,
}

/// What a program or a `windlass.toml` declared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScheduleDeclaration)]
struct DeclarationBody<'a> {
    #[schema(value_type = schema::Owner)]
    owner: Owner,
    /// Which program.
    by: &'a str,
    /// When it was declared last.
    #[schema(value_type = schema::Moment)]
    at: Timestamp,
    /// What it is to be; null where that cannot be read.
    definition: Option<DefinitionBody>,
}

/// A definition as it is kept beside the schedule.
#[derive(Deserialize)]
struct Stored {
    rule: String,
    zone: String,
    missed: Missed,
    overlap: Overlap,
    kind: String,
    version: u16,
    queue: String,
    priority: i16,
    max_attempts: Option<u16>,
    args: Box<RawValue>,
    meta: Meta,
}

/// A schedule as `schedule.v1`, with its args as they are shown.
#[must_use]
pub fn document<'a>(
    record: &'a ScheduleRecord,
    redaction: &Redaction,
) -> Document<ScheduleBody<'a>> {
    Document::new(
        "schedule.v1",
        ScheduleBody {
            name: &record.name,
            definition: definition(&record.definition, redaction),
            owner: record.owner,
            changed_by: &record.changed_by,
            changed_at: record.changed_at,
            declared: record.declared.as_ref().map(|one| declaration(one, redaction)),
            differs_from_declaration: record.differs_from_declaration(),
            replaced: record.replaced.as_ref().map(|one| declaration(one, redaction)),
            contested_at: record.contested_at,
            paused_at: record.paused_at,
            note: record.note.as_deref(),
            removed_at: record.removed_at,
            error: record.error.as_deref(),
            next_at: record.next_at(),
            queued_due_at: record.queued_due_at,
            last_due_at: record.last_due_at,
            last_job: record.last_job,
            last_job_has_ended: record.last_job.map(|_| !record.is_unfinished),
            fired: record.fired,
            skipped: record.skipped,
            missed_due_times: record.missed,
        },
    )
}

fn definition(one: &Definition, redaction: &Redaction) -> DefinitionBody {
    let expires_us = one.meta.expires_in_us.and_then(|us| u64::try_from(us).ok());
    DefinitionBody {
        rule: one.rule.clone(),
        zone: one.zone.clone(),
        missed: one.missed,
        overlap: one.overlap,
        kind: one.kind.clone(),
        version: one.version,
        queue: one.queue.clone(),
        declared_queue: one.meta.declared_queue.clone(),
        priority: one.priority,
        max_attempts: one.max_attempts,
        max_losses: one.meta.max_losses,
        timeout_ms: one.meta.timeout_ms,
        expires_ms: expires_us.map(|us| us / 1_000),
        args: redaction.args((&one.kind, &one.meta), &one.args).into_owned(),
        unique: one.meta.unique.clone(),
        lane: one.meta.lane.clone(),
        fair: one.meta.fair.clone(),
        limited: one.meta.limited.clone(),
        cost: one.meta.cost,
        tags: one.meta.tags.clone(),
        subjects: one.meta.subjects.iter().map(own).collect(),
        redact: one.meta.redact.clone(),
        traceparent: one.meta.traceparent.clone(),
    }
}

fn own(subject: &Subject) -> OwnSubject {
    OwnSubject { r#type: subject.kind().to_owned(), id: subject.id().to_owned() }
}

fn declaration<'a>(one: &'a Declaration, redaction: &Redaction) -> DeclarationBody<'a> {
    let stored: Option<Stored> = serde_json::from_str(&one.text).ok();
    let definition = stored.map(|stored| definition(&stored.definition(), redaction));
    DeclarationBody { owner: one.owner, by: &one.by, at: one.at, definition }
}

impl Stored {
    fn definition(self) -> Definition {
        let args: Box<str> = self.args.into();
        Definition {
            rule: self.rule,
            zone: self.zone,
            missed: self.missed,
            overlap: self.overlap,
            kind: self.kind,
            version: self.version,
            queue: self.queue,
            priority: self.priority,
            max_attempts: self.max_attempts,
            args: Json::stored(args),
            meta: self.meta,
        }
    }
}

//! Records as they are shown.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::text::{HIDDEN, Rules};
use super::{Redaction, covers};
use crate::condition::{Awaited, ConditionRecord};
use crate::event::EventRecord;
use crate::filter::Path;
use crate::id::JobId;
use crate::job::JobRecord;
use crate::json::Json;
use crate::progress::ProgressRecord;
use crate::source::QuarantineRecord;
use crate::step::StepRecord;
use crate::subscription::{EventExplanation, Explanation, SubscriptionExplanation};

/// A record in which what is not to be shown is hidden: documents are made of these, so that none can be made of a record that
/// nobody has looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<T> {
    record: T,
    is_redacted: bool,
}

impl<T> Shown<T> {
    /// Whether anything is hidden in it.
    #[must_use]
    pub const fn is_redacted(&self) -> bool {
        self.is_redacted
    }

    /// The record, in which it is hidden.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.record
    }
}

impl<T> Deref for Shown<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}

/// What an explanation says where its words would tell what is hidden.
const NOT_TOLD: &str = "it looks at a field that is not shown";

impl Redaction {
    /// A job as it is shown.
    #[must_use]
    pub fn job(&self, job: JobRecord) -> Shown<JobRecord> {
        self.job_of(job, None)
    }

    /// A job as it is shown that comes of an event of this type, whose data are its args.
    #[must_use]
    pub fn job_of(&self, mut job: JobRecord, event_type: Option<&str>) -> Shown<JobRecord> {
        let rules = self.of_job(&job, event_type);
        // Each of them: `any` stops at the first that is hidden.
        let is_redacted = [Some(&mut job.args), job.output.as_mut()]
            .into_iter()
            .flatten()
            .map(|json| hide(&rules, json))
            .filter(|hidden| *hidden)
            .count()
            > 0;
        Shown { record: job, is_redacted }
    }

    /// An event as it is shown.
    #[must_use]
    pub fn event(&self, mut event: EventRecord) -> Shown<EventRecord> {
        let rules = self.of_event(&event.event_type, event.parent.is_some(), &event.meta);
        let is_redacted = event.data.as_mut().is_some_and(|data| hide(&rules, data));
        Shown { record: event, is_redacted }
    }

    /// The steps of a job as they are shown.
    #[must_use]
    pub fn steps(&self, job: &JobRecord, mut steps: Vec<StepRecord>) -> Shown<Vec<StepRecord>> {
        let rules = self.of_job(job, None);
        let outputs = steps.iter_mut().filter_map(|step| step.output.as_mut());
        // Each of them: `any` stops at the first that is hidden.
        let is_redacted =
            outputs.map(|output| hide(&rules, output)).filter(|hidden| *hidden).count() > 0;
        Shown { record: steps, is_redacted }
    }

    /// How far a job is, as it is shown.
    #[must_use]
    pub fn progress(&self, job: &JobRecord, mut record: ProgressRecord) -> Shown<ProgressRecord> {
        let rules = self.of_job(job, None);
        let is_redacted = record.checkpoint.as_mut().is_some_and(|data| hide(&rules, data));
        Shown { record, is_redacted }
    }

    /// What a job waits for, or has waited for, as it is shown. The outputs of jobs came with some: they are hidden as those jobs
    /// hide them, and as a whole where such a job is not among `awaited` and nobody knows what it marks.
    #[must_use]
    pub fn conditions(
        &self,
        job: &JobRecord,
        mut conditions: Vec<ConditionRecord>,
        awaited: &BTreeMap<JobId, JobRecord>,
    ) -> Shown<Vec<ConditionRecord>> {
        let mut is_redacted = false;
        for one in &mut conditions {
            let Some(data) = one.data.as_mut() else { continue };
            let mut rules = self.of_job(job, None);
            match &one.awaits {
                Awaited::Job { job: other, .. } => match awaited.get(other) {
                    Some(other) => rules.paths.append(&mut self.of_job(other, None).paths),
                    None if self.hides_much(job) => {
                        *data = Json::stored(HIDDEN);
                        is_redacted = true;
                    }
                    None => {}
                },
                // What comes of an event may have its data.
                _ if !self.shows_all => rules.paths.extend(self.of_types(None).cloned()),
                _ => {}
            }
            is_redacted |= hide(&rules, data);
        }
        Shown { record: conditions, is_redacted }
    }

    /// Whether something is hidden here, so that more may be.
    fn hides_much(&self, job: &JobRecord) -> bool {
        !(self.shows_all || self.says_nothing() && job.meta.redact.is_empty())
    }

    /// A record that was put aside, as it is shown.
    #[must_use]
    pub fn quarantined(&self, mut record: QuarantineRecord) -> Shown<QuarantineRecord> {
        let body = self.foreign(&record.body).into_owned();
        let is_redacted = body != record.body;
        record.body = body;
        Shown { record, is_redacted }
    }

    /// Who gets an event, as it is shown: the words about a clause have values of its data.
    #[must_use]
    pub fn event_explanation(&self, mut explained: EventExplanation) -> Shown<EventExplanation> {
        let marks = explained.event.meta.redact.clone();
        let mut is_redacted = false;
        for one in &mut explained.decisions {
            is_redacted |= self.tell_less(&one.looks_at, &marks, &mut one.explanation);
        }
        let event = self.event(explained.event);
        is_redacted |= event.is_redacted;
        Shown { record: EventExplanation { event: event.record, ..explained }, is_redacted }
    }

    /// What a subscription gets, as it is shown.
    #[must_use]
    pub fn subscription_explanation(
        &self,
        mut explained: SubscriptionExplanation,
    ) -> Shown<SubscriptionExplanation> {
        let looks_at = explained.subscription.definition.filter.data_paths();
        let mut is_redacted = false;
        for one in explained.matches.iter_mut().chain(&mut explained.near) {
            is_redacted |= self.tell_less(&looks_at, &one.marks, &mut one.explanation);
        }
        Shown { record: explained, is_redacted }
    }

    fn tell_less(&self, looks_at: &[Path], marks: &[String], words: &mut Explanation) -> bool {
        let is_hidden = |path: &Path| self.hides_in_data(path) || covers(marks, path);
        let tells = !self.shows_all && looks_at.iter().any(is_hidden);
        if tells {
            NOT_TOLD.clone_into(&mut words.words);
        }
        tells
    }
}

/// Whether something of it was hidden.
fn hide(rules: &Rules<'_>, json: &mut Json) -> bool {
    let shown = rules.json(json);
    let std::borrow::Cow::Owned(hidden) = shown else { return false };
    *json = hidden;
    true
}

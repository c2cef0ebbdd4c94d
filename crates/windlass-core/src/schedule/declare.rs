//! Who has a say in what a schedule is: programs that declare it, and people who change it. No I/O.
//!
//! A declaration is written where it is the first, or says something else than the last one, and the schedule still
//! is as that one said. What a person changed stays; the declaration is kept beside it and shown.

use std::time::Duration;

use super::{Declaration, Definition, Owner, ScheduleError, SchedulePut, ScheduleRecord, Timing};
use crate::error::Refusal;
use crate::json::storable_text;
use crate::limits::ERROR_BYTES;
use crate::name::check_schedule;
use crate::time::Timestamp;

/// A declaration that says the same is written again after this, so that one sees when it was said last.
const SAID_AGAIN: Duration = Duration::from_secs(60);

/// A schedule that a program or a `windlass.toml` declares.
#[derive(Debug, Clone)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What it is to be.
    pub definition: Definition,
    /// A program's code or a `windlass.toml`.
    pub owner: Owner,
    /// Which program.
    pub by: String,
}

impl Declared {
    /// What this makes of the schedule that is there.
    pub(super) fn put(&self, found: Option<&ScheduleRecord>) -> SchedulePut {
        let declared = self.declaration();
        let Some(found) = found else { return self.first(declared) };
        let last = found.declared.as_ref();
        let is_new = last.is_none_or(|last| last.text != declared.text);
        let is_contested =
            is_new && found.replaced.as_ref().is_some_and(|before| before.text == declared.text);
        let replaced =
            if is_new { last.or(found.replaced.as_ref()) } else { found.replaced.as_ref() };
        let follows = is_new && found.owner != Owner::Person && found.removed_at.is_none();
        let definition = if follows { &self.definition } else { &found.definition };
        SchedulePut {
            name: self.name.clone(),
            seen: Some(found.revision),
            definition: definition.clone(),
            owner: if follows { self.owner } else { found.owner },
            changed_by: follows.then(|| storable_text(&self.by, ERROR_BYTES)),
            declared: Some(declared),
            replaced: replaced.cloned(),
            is_contested,
            timing: timing(definition, found),
        }
    }

    fn first(&self, declared: Declaration) -> SchedulePut {
        SchedulePut {
            name: self.name.clone(),
            seen: None,
            definition: self.definition.clone(),
            owner: self.owner,
            changed_by: Some(storable_text(&self.by, ERROR_BYTES)),
            declared: Some(declared),
            replaced: None,
            is_contested: false,
            timing: Timing::FromNow,
        }
    }

    /// The moment is the store's to say.
    fn declaration(&self) -> Declaration {
        let at = Timestamp::from_micros(0);
        let by = storable_text(&self.by, ERROR_BYTES);
        Declaration { text: self.definition.to_text(), owner: self.owner, by, at }
    }

    /// Whether the same was said a moment ago and holds: many processes of a program that start together need not all
    /// write it.
    pub(super) fn was_just_said(&self, found: &ScheduleRecord, now: Timestamp) -> bool {
        let is_recent = |last: &Declaration| now.since(last.at) < SAID_AGAIN;
        found.error.is_none()
            && found.declared.as_ref().is_some_and(|last| {
                is_recent(last) && Declaration { at: last.at, ..self.declaration() } == *last
            })
    }
}

/// What a person's definition makes of the schedule that is there. Where it says what is declared, the declaration is
/// followed again.
pub(super) fn put(
    (name, definition): (&str, &Definition),
    by: &str,
    found: Option<&ScheduleRecord>,
) -> SchedulePut {
    let declared = found.and_then(|found| found.declared.clone());
    let agrees = declared.as_ref().filter(|declared| declared.text == definition.to_text());
    let is_back = found.is_some_and(|found| found.removed_at.is_some());
    SchedulePut {
        name: name.to_owned(),
        seen: found.map(|found| found.revision),
        definition: definition.clone(),
        owner: agrees.map_or(Owner::Person, |declared| declared.owner),
        changed_by: Some(by.to_owned()),
        replaced: found.and_then(|found| found.replaced.clone()),
        declared,
        is_contested: false,
        timing: match found {
            Some(found) if !is_back => timing(definition, found),
            _ => Timing::FromNow,
        },
    }
}

fn timing(definition: &Definition, found: &ScheduleRecord) -> Timing {
    // One that could not be read gets another chance: the zones that are known may be others now.
    let goes_on = definition.is_due_like(&found.definition) && found.error.is_none();
    if goes_on || found.removed_at.is_some() { Timing::Kept } else { Timing::FromNow }
}

/// Checks what the types leave open.
pub(super) fn check(name: &str, definition: &Definition) -> Result<(), Refusal> {
    check_schedule(name)?;
    definition.timetable()?;
    Ok(())
}

/// Refuses two declarations of one name in one program.
///
/// # Errors
/// Names the schedule.
pub fn check_declared(declared: &[Declared]) -> Result<(), Refusal> {
    for (nth, one) in declared.iter().enumerate() {
        check(&one.name, &one.definition)?;
        if declared[..nth].iter().any(|other| other.name == one.name) {
            return Err(ScheduleError::Twice { name: one.name.clone() }.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::tests::record;

    fn declared(rule: &str, by: &str) -> Declared {
        let definition = Definition { rule: rule.to_owned(), ..found().definition };
        Declared { name: "nightly".to_owned(), definition, owner: Owner::Code, by: by.to_owned() }
    }

    fn found() -> ScheduleRecord {
        record("0 2 * * *", Timestamp::from_micros(1_800_000_000_000_000))
    }

    /// The record after a write.
    fn after(put: SchedulePut) -> ScheduleRecord {
        let SchedulePut { definition, owner, declared, replaced, .. } = put;
        ScheduleRecord { definition, owner, declared, replaced, ..found() }
    }

    #[test]
    fn a_changed_declaration_is_followed() {
        let first = after(declared("0 2 * * *", "app").put(None));
        let put = declared("0 3 * * *", "app").put(Some(&first));
        assert_eq!((put.definition.rule.as_str(), put.timing), ("0 3 * * *", Timing::FromNow));
        assert!(!put.is_contested);
        let same = declared("0 2 * * *", "app").put(Some(&first));
        assert_eq!((same.timing, same.changed_by), (Timing::Kept, None));
    }

    /// Point 7: code never overwrites what a person changed, and what it declares is shown.
    #[test]
    fn what_a_person_changed_stays() {
        let first = after(declared("0 2 * * *", "app").put(None));
        let wish = Definition { rule: "0 5 * * *".to_owned(), ..first.definition.clone() };
        let changed = after(put(("nightly", &wish), "ann", Some(&first)));
        assert_eq!(changed.owner, Owner::Person);
        let redeclared = after(declared("0 4 * * *", "app").put(Some(&changed)));
        assert_eq!(
            (redeclared.definition.rule.as_str(), redeclared.owner),
            ("0 5 * * *", Owner::Person)
        );
        assert!(redeclared.differs_from_declaration());
        let agreed = declared("0 4 * * *", "app").definition;
        let back = after(put(("nightly", &agreed), "ann", Some(&redeclared)));
        assert_eq!((back.owner, back.differs_from_declaration()), (Owner::Code, false));
    }

    /// Two programs that declare one schedule differently: the last to start has its way, and it is known.
    #[test]
    fn two_programs_that_disagree_are_known() {
        let first = after(declared("0 2 * * *", "app").put(None));
        let second = declared("0 3 * * *", "other").put(Some(&first));
        assert!(!second.is_contested, "this may be a new version");
        let third = declared("0 2 * * *", "app").put(Some(&after(second)));
        assert!(third.is_contested);
        assert_eq!(third.definition.rule, "0 2 * * *");
        assert_eq!(third.replaced.map(|replaced| replaced.by), Some("other".to_owned()));
    }
}

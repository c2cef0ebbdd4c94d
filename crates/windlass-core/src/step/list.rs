//! The list of an attempt's steps: what is recorded, and what has been called so far. No I/O.

use std::collections::{BTreeMap, HashSet};

use super::{NewStep, StepError, StepForm, StepRecord, StepUpgrade};
use crate::json::Json;
use crate::limits::{STEP_NAME_BYTES, STEPS, STEPS_BYTES};

/// What a call of a step finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Called {
    /// It is recorded.
    Known(StepRecord),
    /// It is the next one, with this number.
    New(u32),
}

/// The steps of a job, as one attempt calls them.
#[derive(Debug, Default)]
pub(crate) struct StepList {
    recorded: BTreeMap<u32, StepRecord>,
    /// How many have been called or announced.
    called: u32,
    names: HashSet<String>,
    /// The one that runs now.
    running: Option<String>,
    /// Outputs of all that are recorded or wait to be.
    bytes: usize,
    /// Volatile ones, which wait for the next write.
    unwritten: Vec<NewStep>,
}

impl StepList {
    /// As earlier attempts left it.
    pub(crate) fn of(recorded: Vec<StepRecord>) -> Self {
        let bytes = recorded.iter().filter_map(|one| one.output.as_ref()).map(size).sum();
        let recorded = recorded.into_iter().map(|one| (one.nth, one)).collect();
        Self { recorded, bytes, ..Self::default() }
    }

    /// Calls the next step.
    pub(crate) fn call(&mut self, name: &str, form: StepForm) -> Result<Called, StepError> {
        if let Some(running) = &self.running {
            return Err(StepError::Overlap { called: name.to_owned(), running: running.clone() });
        }
        self.announce(name)?;
        self.at(self.called, name, form)
    }

    /// Announces one that may be called in any order with others; its number.
    pub(crate) fn announce(&mut self, name: &str) -> Result<u32, StepError> {
        if !(1..=STEP_NAME_BYTES).contains(&name.len()) || name.contains('\0') {
            return Err(StepError::Name { name: name.to_owned() });
        }
        if self.called as usize >= STEPS {
            return Err(StepError::Many);
        }
        if !self.names.insert(name.to_owned()) {
            return Err(StepError::Twice { name: name.to_owned() });
        }
        let nth = self.called + 1;
        let next = self.recorded.range(nth..).next();
        if let Some((at, one)) = next
            && *at == nth
            && one.name != name
        {
            return Err(changed(name, one));
        }
        self.called = nth;
        Ok(nth)
    }

    /// Finds what is recorded of an announced one.
    pub(crate) fn at(&self, nth: u32, name: &str, form: StepForm) -> Result<Called, StepError> {
        if let Some(one) = self.recorded.get(&nth) {
            if one.form != form {
                let (recorded, called) = (one.form.word(), form.word());
                return Err(StepError::OtherForm { name: name.to_owned(), recorded, called });
            }
            return Ok(Called::Known(one.clone()));
        }
        // One that was recorded behind the announced ones was called after all of these had been recorded.
        match self.recorded.range(self.called + 1..).next() {
            Some((_, other)) => Err(changed(name, other)),
            None => Ok(Called::New(nth)),
        }
    }

    /// The number of a step that is done already, behind all that are recorded; `None` where its name is recorded. For handlers
    /// that know by themselves which steps to do.
    pub(crate) fn append(&mut self, name: &str) -> Result<Option<u32>, StepError> {
        if self.recorded.values().any(|one| one.name == name) || self.names.contains(name) {
            return Ok(None);
        }
        let last = self.recorded.keys().next_back().copied().unwrap_or_default();
        self.called = self.called.max(last);
        self.announce(name).map(Some)
    }

    /// What earlier attempts have recorded.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = &StepRecord> {
        self.recorded.values()
    }

    /// Notes that a step runs, for as long as no other may be called.
    pub(crate) fn begin(&mut self, name: &str) {
        self.running = Some(name.to_owned());
    }

    /// Notes that it does not run any more.
    pub(crate) fn end(&mut self) {
        self.running = None;
    }

    /// Counts an output that is to be recorded.
    pub(crate) fn count(&mut self, output: &Json) -> Result<(), StepError> {
        let bytes = self.bytes + size(output);
        if bytes > STEPS_BYTES {
            return Err(StepError::Large);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Keeps a step for the next write.
    pub(crate) fn keep(&mut self, step: NewStep) {
        self.unwritten.push(step);
    }

    /// Those that were kept, to be written now.
    pub(crate) fn take_unwritten(&mut self) -> Vec<NewStep> {
        std::mem::take(&mut self.unwritten)
    }

    /// The list as an upgrade makes it; `None` where it changes nothing.
    pub(crate) fn upgraded(
        &self,
        upgrade: &StepUpgrade,
    ) -> Result<Option<Vec<NewStep>>, StepError> {
        if self.called > 0 {
            return Err(StepError::LateUpgrade);
        }
        let before: Vec<NewStep> = self.recorded.values().map(StepRecord::again).collect();
        let after = upgrade.apply(before.clone())?;
        Ok((after != before).then_some(after))
    }
}

fn size(output: &Json) -> usize {
    output.as_str().len()
}

fn changed(called: &str, recorded: &StepRecord) -> StepError {
    StepError::Changed { called: called.to_owned(), recorded: recorded.name.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn recorded(names: &[&str]) -> StepList {
        let at = Timestamp::from_micros(0);
        let record = |(nth, name): (u32, &&str)| StepRecord {
            nth,
            name: (*name).to_owned(),
            form: StepForm::Work,
            output: Some(Json::stored("1")),
            until: None,
            at,
        };
        StepList::of((1..).zip(names).map(record).collect())
    }

    fn call(list: &mut StepList, name: &str) -> Result<bool, StepError> {
        Ok(matches!(list.call(name, StepForm::Work)?, Called::Known(_)))
    }

    /// T37: what is recorded is found in its order, and the next one is new.
    #[test]
    fn recorded_steps_are_found_in_their_order() {
        let mut list = recorded(&["a", "b"]);
        assert_eq!(call(&mut list, "a"), Ok(true));
        assert_eq!(call(&mut list, "b"), Ok(true));
        assert_eq!(list.call("c", StepForm::Work), Ok(Called::New(3)));
    }

    /// T37: a changed list is refused, with both names, wherever it differs.
    #[test]
    fn a_changed_list_is_refused() {
        let refused = |called: &str, recorded: &str| {
            Err(StepError::Changed { called: called.to_owned(), recorded: recorded.to_owned() })
        };
        assert_eq!(call(&mut recorded(&["a", "b"]), "x"), refused("x", "a"));
        assert_eq!(call(&mut recorded(&["a", "b"]), "b"), refused("b", "a"));
        let mut list = recorded(&["a", "b"]);
        call(&mut list, "a").expect("it is recorded");
        assert_eq!(call(&mut list, "c"), refused("c", "b"));
    }

    #[test]
    fn a_name_is_called_once_and_alone() {
        let mut list = recorded(&[]);
        assert_eq!(call(&mut list, "a"), Ok(false));
        assert_eq!(call(&mut list, "a"), Err(StepError::Twice { name: "a".to_owned() }));
        list.begin("b");
        assert!(matches!(call(&mut list, "c"), Err(StepError::Overlap { .. })));
        list.end();
        assert_eq!(call(&mut list, "c"), Ok(false));
        assert!(matches!(call(&mut list, ""), Err(StepError::Name { .. })));
        let sleep = recorded(&["a"]).call("a", StepForm::Sleep);
        assert!(matches!(sleep, Err(StepError::OtherForm { .. })));
    }

    /// T37: of an announced set any may be recorded, in any order; what is behind it waits for all.
    #[test]
    fn an_announced_set_is_called_in_any_order() {
        let mut list = recorded(&["a", "b", "c"]);
        list.recorded.remove(&2);
        for name in ["a", "b", "c"] {
            list.announce(name).expect("it is as it was");
        }
        assert_eq!(list.at(2, "b", StepForm::Work), Ok(Called::New(2)));
        assert!(matches!(list.at(3, "c", StepForm::Work), Ok(Called::Known(_))));
        let mut grown = recorded(&["a", "b", "after"]);
        grown.announce("a").and_then(|_| grown.announce("b")).expect("as it was");
        assert!(matches!(grown.announce("c"), Err(StepError::Changed { .. })));
    }

    #[test]
    fn there_is_a_limit_of_steps_and_of_bytes() {
        let mut list = recorded(&[]);
        list.called = STEPS as u32;
        assert_eq!(call(&mut list, "one more"), Err(StepError::Many));
        let half = Json::stored("1".repeat(STEPS_BYTES / 2));
        assert_eq!(list.count(&half), Ok(()));
        assert_eq!(list.count(&half), Ok(()));
        assert_eq!(list.count(&Json::stored("1")), Err(StepError::Large));
    }

    /// T37: a renamed, a dropped and an added step, and the same once more changes nothing.
    #[test]
    fn an_older_list_becomes_the_present_one() {
        let upgrade = || {
            StepUpgrade::new()
                .rename("fetch", "download")
                .drop("verify")
                .add_after("download", "checked", &true)
        };
        let after = recorded(&["fetch", "verify", "store"]).upgraded(&upgrade());
        let after = after.expect("it can be upgraded").expect("it changes");
        let names: Vec<_> = after.iter().map(|one| (one.nth, one.name.as_str())).collect();
        assert_eq!(names, [(1, "download"), (2, "checked"), (3, "store")]);
        let again = recorded(&["download", "checked", "store"]).upgraded(&upgrade());
        assert_eq!(again, Ok(None));
        assert_eq!(recorded(&[]).upgraded(&upgrade()), Ok(None));
        let mut late = recorded(&["fetch"]);
        call(&mut late, "fetch").expect("it is recorded");
        assert_eq!(late.upgraded(&upgrade()), Err(StepError::LateUpgrade));
    }
}

//! Steps as a tree.

use std::collections::HashMap;

use windlass::batch::WorkflowStep;

use crate::output::glyph::Glyphs;
use crate::output::tree::branches;

/// A step with what is drawn before it.
pub(super) struct Row<'a> {
    pub(super) branch: String,
    pub(super) step: &'a WorkflowStep,
}

/// The steps from above to below. Each is drawn once, below the deepest step that it waits for.
pub(super) fn rows(steps: &[WorkflowStep], glyphs: Glyphs) -> Vec<Row<'_>> {
    let depths: HashMap<&str, usize> =
        steps.iter().map(|step| (step.step.as_str(), step.depth)).collect();
    let mut below: HashMap<Option<&str>, Vec<&WorkflowStep>> = HashMap::new();
    for step in steps {
        let above = step.after.iter().map(String::as_str);
        let above = above.filter(|name| depths.contains_key(name)).max_by_key(|name| depths[name]);
        below.entry(above).or_default().push(step);
    }
    let mut opened = |above| below.remove(&above).unwrap_or_default().into_iter().rev();
    let mut open: Vec<(&WorkflowStep, usize)> = opened(None).map(|step| (step, 0)).collect();
    let (mut drawn, mut levels) = (Vec::with_capacity(steps.len()), Vec::new());
    while let Some((step, level)) = open.pop() {
        drawn.push(step);
        levels.push(level);
        open.extend(opened(Some(step.step.as_str())).map(|step| (step, level + 1)));
    }
    let branches = branches(&levels, glyphs).into_iter();
    branches.zip(drawn).map(|(branch, step)| Row { branch, step }).collect()
}

#[cfg(test)]
mod tests {
    use windlass::{JobId, State};

    use super::*;

    fn step(name: &str, depth: usize, after: &[&str]) -> WorkflowStep {
        WorkflowStep {
            step: name.to_owned(),
            job: JobId::new(),
            state: State::Waiting,
            after: after.iter().map(|&name| name.to_owned()).collect(),
            depth,
            blocked_by: Vec::new(),
            waits_for: Vec::new(),
            started_at: None,
            finished_at: None,
            reason: None,
        }
    }

    /// Each step hangs below the deepest that it waits for, and those that stand alone below none.
    #[test]
    fn steps_hang_below_what_they_wait_for() {
        let steps = [
            step("a", 0, &[]),
            step("alone", 0, &[]),
            step("b", 1, &["a"]),
            step("c", 1, &["a"]),
            step("d", 2, &["a", "b"]),
            step("of none that is shown", 0, &["gone"]),
        ];
        let rows = rows(&steps, Glyphs::Ascii);
        let drawn: Vec<_> =
            rows.iter().map(|row| format!("{}{}", row.branch, row.step.step)).collect();
        let expected = ["a", "|-b", "| `-d", "`-c", "alone", "of none that is shown"];
        assert_eq!(drawn, expected);
    }
}

//! Steps as a tree.

use std::collections::HashMap;

use windlass::batch::WorkflowStep;

use crate::output::glyph::Glyphs;

/// A step with what is drawn before it.
pub(super) struct Row<'a> {
    pub(super) branch: String,
    pub(super) step: &'a WorkflowStep,
}

/// A step that is to be drawn, and what stands before it.
struct Open<'a> {
    step: &'a WorkflowStep,
    before: String,
    hangs: Hangs,
}

/// Where a step hangs.
enum Hangs {
    /// Below none.
    Root,
    /// It is the last below another one.
    Last,
    Other,
}

/// The steps from above to below. Each is drawn once, below the deepest step that it waits for.
pub(super) fn rows<'a>(steps: &'a [WorkflowStep], glyphs: Glyphs) -> Vec<Row<'a>> {
    let depths: HashMap<&str, usize> =
        steps.iter().map(|step| (step.step.as_str(), step.depth)).collect();
    let mut below: HashMap<Option<&str>, Vec<&WorkflowStep>> = HashMap::new();
    for step in steps {
        let above = step.after.iter().map(String::as_str);
        let above = above.filter(|name| depths.contains_key(name)).max_by_key(|name| depths[name]);
        below.entry(above).or_default().push(step);
    }
    let mut rows = Vec::with_capacity(steps.len());
    let mut open = opened(&below, None, "");
    while let Some(Open { step, before, hangs }) = open.pop() {
        let (fork, bar) = match hangs {
            Hangs::Root => ("", ""),
            Hangs::Last => (glyphs.branch(), "  "),
            Hangs::Other => (glyphs.fork(), glyphs.through()),
        };
        rows.push(Row { branch: format!("{before}{fork}"), step });
        let inner = format!("{before}{bar}");
        open.extend(opened(&below, Some(&step.step), &inner));
    }
    rows
}

/// Those below one, the first of them on top of the stack.
fn opened<'a>(
    below: &HashMap<Option<&str>, Vec<&'a WorkflowStep>>,
    above: Option<&str>,
    before: &str,
) -> Vec<Open<'a>> {
    let steps = below.get(&above).map(Vec::as_slice).unwrap_or_default();
    let last = steps.len().saturating_sub(1);
    let hangs = |nth| match above {
        None => Hangs::Root,
        Some(_) if nth == last => Hangs::Last,
        Some(_) => Hangs::Other,
    };
    let open = |(nth, step): (usize, &&'a WorkflowStep)| Open {
        step,
        before: before.to_owned(),
        hangs: hangs(nth),
    };
    steps.iter().enumerate().map(open).rev().collect()
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

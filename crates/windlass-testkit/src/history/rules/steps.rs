//! T: what handlers have done and recorded.

use crate::history::index::Index;

/// I-T1: what an attempt has recorded no later one does again.
pub(in crate::history) fn what_is_recorded_is_not_done_again(index: &Index<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    for (job, life) in &index.lives {
        for (step, kept) in &life.steps_kept {
            let again = life.steps_done.iter().filter(|(done, by)| done == step && by > kept);
            broken.extend(again.map(|(_, by)| {
                format!("{job}: attempt {by} did {step} again, which {kept} had recorded")
            }));
        }
    }
    broken
}

//! A place in a list that changes: it stays with its row, not with its number.

/// Which row is selected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::command::top) struct Cursor {
    /// What names the row; none before there was one.
    key: Option<String>,
    at: usize,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command::top) enum Step {
    Up(usize),
    Down(usize),
    First,
    Last,
}

impl Cursor {
    /// The number of the selected row.
    pub(in crate::command::top) const fn at(&self) -> usize {
        self.at
    }

    /// Goes on in rows with these keys.
    pub(super) fn step(&mut self, step: Step, keys: &[String]) {
        let last = keys.len().saturating_sub(1);
        self.at = match step {
            Step::Up(rows) => self.at.saturating_sub(rows),
            Step::Down(rows) => (self.at + rows).min(last),
            Step::First => 0,
            Step::Last => last,
        };
        self.key = keys.get(self.at).cloned();
    }

    /// Finds its row again in rows that are new; where that is gone, the one in its place is selected.
    pub(super) fn follow(&mut self, keys: &[String]) {
        let found = self.key.as_ref().and_then(|key| keys.iter().position(|one| one == key));
        self.at = found.unwrap_or(self.at).min(keys.len().saturating_sub(1));
        self.key = keys.get(self.at).cloned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        text.chars().map(String::from).collect()
    }

    fn after(steps: &[Step], rows: &str) -> usize {
        let mut cursor = Cursor::default();
        for step in steps {
            cursor.step(*step, &keys(rows));
        }
        cursor.at()
    }

    #[test]
    fn a_cursor_stays_within_its_rows() {
        assert_eq!(after(&[Step::Down(1), Step::Down(1)], "abc"), 2);
        assert_eq!(after(&[Step::Down(9), Step::Down(1)], "abc"), 2);
        assert_eq!(after(&[Step::Last, Step::Up(1)], "abc"), 1);
        assert_eq!(after(&[Step::Last, Step::First], "abc"), 0);
        assert_eq!(after(&[Step::Up(1), Step::Down(1), Step::Last], ""), 0);
    }

    #[test]
    fn a_cursor_follows_its_row() {
        let mut cursor = Cursor::default();
        cursor.follow(&keys("abc"));
        cursor.step(Step::Down(1), &keys("abc"));
        cursor.follow(&keys("xyabc"));
        assert_eq!(cursor.at(), 3);
        cursor.follow(&keys("xyac"));
        assert_eq!(cursor.at(), 3, "the row in its place");
        cursor.follow(&keys("x"));
        assert_eq!(cursor.at(), 0);
        cursor.follow(&keys(""));
        cursor.follow(&keys("ab"));
        assert_eq!(cursor.at(), 0);
    }
}

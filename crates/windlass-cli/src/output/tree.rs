//! Trees: what stands before each line, from how deep the lines are.

use super::glyph::Glyphs;

/// What is drawn before each of these, which come with their levels, each before those below it.
pub(crate) fn branches(levels: &[usize], glyphs: Glyphs) -> Vec<String> {
    let mut drawn = vec![String::new(); levels.len()];
    // From below: on which levels something follows.
    let mut follows: Vec<bool> = Vec::new();
    for (level, branch) in levels.iter().zip(&mut drawn).rev() {
        follows.resize(level + 1, false);
        for (above, follows) in follows.iter().enumerate().skip(1) {
            branch.push_str(match (above == *level, follows) {
                (true, true) => glyphs.fork(),
                (true, false) => glyphs.branch(),
                (false, true) => glyphs.through(),
                (false, false) => "  ",
            });
        }
        follows[*level] = true;
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_hangs_below_the_one_before_it_that_is_less_deep() {
        let drawn = branches(&[0, 1, 2, 2, 1, 2, 0, 1], Glyphs::Ascii);
        assert_eq!(drawn, ["", "|-", "| |-", "| `-", "`-", "  `-", "", "`-"]);
        assert!(branches(&[], Glyphs::Ascii).is_empty());
    }
}

//! Numbers over time as a line of small bars.

use super::glyph::Glyphs;

/// The last of these, one column each, as high as they are beside the largest of them.
pub(crate) fn trend(points: &[f64], columns: usize, glyphs: Glyphs) -> String {
    let shown = &points[points.len().saturating_sub(columns)..];
    let largest = shown.iter().copied().fold(0.0, f64::max);
    let steps = glyphs.steps();
    let bar = |point: &f64| {
        // What is more than nothing is more than the lowest bar.
        let share = if largest > 0.0 { point / largest } else { 0.0 };
        let step = (share * (steps.len() - 1) as f64).ceil() as usize;
        steps[step.min(steps.len() - 1)]
    };
    shown.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_the_largest_allows() {
        let line = |points: &[f64]| trend(points, 8, Glyphs::Unicode);
        assert_eq!(line(&[]), "");
        assert_eq!(line(&[0.0, 0.0]), "▁▁");
        assert_eq!(line(&[0.0, 0.1, 50.0, 100.0]), "▁▂▅█");
        assert_eq!(trend(&[0.0, 5.0, 10.0], 2, Glyphs::Ascii), "=#");
    }

    #[test]
    fn the_newest_are_shown() {
        assert_eq!(trend(&[9.0, 1.0, 1.0], 2, Glyphs::Unicode), "██");
    }
}

//! Small charts, drawn here as SVG: what they show stands in their title too.

use maud::{Markup, PreEscaped, html};

/// A bar and the gap behind it.
const STEP: u64 = 5;
const BAR: u64 = 4;
const HEIGHT: u64 = 20;

/// A bar for each number, from zero.
pub(crate) fn bars(values: &[u64], title: &str) -> Markup {
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let width = values.len() as u64 * STEP;
    html! {
        svg.trend role="img" width=(width) height=(HEIGHT) viewBox={ "0 0 " (width) " " (HEIGHT) } {
            title { (title) }
            @for (nth, value) in values.iter().enumerate() {
                (PreEscaped(bar(nth as u64, *value, most)))
            }
        }
    }
}

fn bar(nth: u64, value: u64, most: u64) -> String {
    // What is there is seen, however small.
    let height = if value == 0 { 1 } else { (value * HEIGHT).div_ceil(most).max(2) };
    let class = if value == 0 { "none" } else { "some" };
    let (x, y) = (nth * STEP, HEIGHT - height);
    format!("<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{BAR}\" height=\"{height}\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_as_high_as_the_chart() {
        let drawn = bars(&[0, 1, 1_000_000], "jobs <b>").into_string();
        assert!(drawn.contains("<title>jobs &lt;b&gt;</title>"), "{drawn}");
        assert!(drawn.contains(r#"class="none" x="0" y="19" width="4" height="1""#), "{drawn}");
        assert!(drawn.contains(r#"class="some" x="5" y="18" width="4" height="2""#), "{drawn}");
        assert!(drawn.contains(r#"class="some" x="10" y="0" width="4" height="20""#), "{drawn}");
    }
}

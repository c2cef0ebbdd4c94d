//! The graph of a workflow as a picture. The table below it says the same.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use super::document::{Step, Workflow};
use super::graph::{HEIGHT, Laid, WIDTH, laid};
use crate::assets;
use crate::filter::encoded;
use crate::parts::{cut, plain};
use crate::state::look;

/// Larger graphs are a table alone.
const MOST: usize = 200;
/// Characters of a name that are told where somebody points.
const TITLE_CHARS: usize = 60;
/// Characters of a name that have room.
const NAME_CHARS: usize = 17;

/// The picture, where there is something to see; where it has no room, that.
pub(super) fn picture(workflow: &Workflow, steps: &[Step]) -> Option<Markup> {
    if steps.len() < 2 {
        return None;
    }
    let laid = if steps.len() > MOST { None } else { laid(steps) };
    let drawn = laid.map(|laid| drawn(workflow, steps, &laid));
    Some(drawn.unwrap_or_else(|| html! { p.note { "The graph is too large to draw. The table below says what each step waits for." } }))
}

fn drawn(workflow: &Workflow, steps: &[Step], laid: &Laid) -> Markup {
    let title = |nth: usize| cut(&plain(&steps[nth].step), TITLE_CHARS);
    let is_critical = |step: &Step| workflow.critical_path.contains(&step.step);
    let pairs: Vec<_> = workflow.critical_path.windows(2).collect();
    let is_on_way = |from: usize, to: usize| {
        pairs.iter().any(|pair| pair[0] == steps[from].step && pair[1] == steps[to].step)
    };
    let mut edges: Vec<_> =
        laid.edges.iter().map(|edge| (is_on_way(edge.from, edge.to), edge)).collect();
    // The way that takes longest lies above the others.
    edges.sort_by_key(|(is_critical, _)| *is_critical);
    html! {
        div.graph role="region" aria-label="Graph of the steps" tabindex="0" {
            svg width=(laid.width + 4) height=(laid.height + 4) viewBox={ "-2 -2 " (laid.width + 4) " " (laid.height + 4) } role="group" {
                title { "Steps, and which waits for which" }
                @for (is_critical, edge) in &edges {
                    path class={ "edge" @if *is_critical { " critical" } } d=(way(&edge.points)) {
                        title { (title(edge.to)) " waits for " (title(edge.from)) }
                    }
                }
                @for (nth, step) in steps.iter().enumerate() { (node(laid, nth, step, is_critical(step))) }
            }
        }
    }
}

fn node(laid: &Laid, nth: usize, step: &Step, is_critical: bool) -> Markup {
    let (x, y) = laid.places[nth];
    let (picture, colour) = look(step.state);
    // What follows is XML of our own beside texts of others, which maud escapes.
    let glyph = PreEscaped(format!("<use href=\"{}#{picture}\"/>", assets::path("icons")));
    let name = cut(&plain(&step.step), TITLE_CHARS);
    html! {
        a class={ "node " (colour) @if is_critical { " critical" } } href={ "jobs/" (encoded(&step.job)) } {
            title { (name) ": " (step.state.word()) @if is_critical { ", on the way that takes longest" } }
            rect x=(x) y=(y) width=(WIDTH) height=(HEIGHT) rx="6" {}
            svg x=(x + 10) y=(y + 14) width="16" height="16" { (glyph) }
            text x=(x + 34) y=(y + 19) { (cut(&name, NAME_CHARS)) }
            text.word x=(x + 34) y=(y + 35) { (step.state.word()) }
        }
    }
}

/// Straight where it passes a column, and a curve between columns.
fn way(points: &[(usize, usize)]) -> String {
    let mut way = String::new();
    for (nth, (x, y)) in points.iter().enumerate() {
        // Writing to a string does not fail.
        let _ = match (nth, nth % 2) {
            (0, _) => write!(way, "M{x} {y}"),
            (_, 0) => write!(way, " L{x} {y}"),
            _ => {
                let (from_x, from_y) = points[nth - 1];
                let bend = (from_x + x) / 2;
                write!(way, " C{bend} {from_y} {bend} {y} {x} {y}")
            }
        };
    }
    way
}

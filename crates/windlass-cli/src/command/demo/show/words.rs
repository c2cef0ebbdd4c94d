//! The accounting in words and as a document.

use serde::Serialize;

use crate::command::demo::proof::Checked;
use crate::command::demo::summary::Totals;
use crate::output::color::{Palette, Tone};
use crate::output::glyph::Glyphs;
use crate::output::time::{number, span};

/// Wrong things that are listed.
const WRONG_SHOWN: usize = 10;

/// `demo.v1`.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    agrees: bool,
    took_ms: u128,
    enqueued: usize,
    completed: usize,
    dead: usize,
    unfinished: usize,
    lost: usize,
    wrong: &'a [String],
    attempts: u64,
    attempts_after_failures: u64,
    attempts_after_losses: u64,
    held_at_kill: Option<u64>,
    rescue_ms: Option<u128>,
    totals: &'a Totals,
}

pub(super) fn body(curtain: &Checked) -> Body<'_> {
    let rescue = curtain.rescue.as_ref();
    Body {
        agrees: curtain.agrees(),
        took_ms: curtain.took.as_millis(),
        enqueued: curtain.enqueued,
        completed: curtain.completed,
        dead: curtain.dead,
        unfinished: curtain.unfinished,
        lost: curtain.lost,
        wrong: &curtain.wrong,
        attempts: curtain.attempts,
        attempts_after_failures: curtain.after_failures,
        attempts_after_losses: curtain.after_losses,
        held_at_kill: rescue.map(|rescue| rescue.held),
        rescue_ms: rescue.and_then(|rescue| rescue.after).map(|after| after.as_millis()),
        totals: &curtain.totals,
    }
}

pub(super) fn summary(curtain: &Checked, palette: Palette, glyphs: Glyphs) -> String {
    let mut text = headline(curtain, palette, glyphs);
    let mut row = |name: &str, value: String, remark: String| {
        let remark = palette.paint(Tone::Dim, &remark);
        text.push_str(format!("    {name:<14}{value:>8}  {remark}").trim_end());
        text.push('\n');
    };
    let completed = match curtain.wrong.len() {
        0 => "every output computed again here, and equal".to_owned(),
        wrong => format!("{} not as it should be, see below", number(wrong as u64)),
    };
    row("enqueued", number(curtain.enqueued as u64), String::new());
    row("completed", number(curtain.completed as u64), completed);
    row("dead", number(curtain.dead as u64), "on purpose: its file does not exist".to_owned());
    row("unfinished", number(curtain.unfinished as u64), String::new());
    row("lost", number(curtain.lost as u64), String::new());
    row(
        "attempts",
        number(curtain.attempts),
        format!(
            "{} first, {} after failures, {} after the kill",
            curtain.enqueued, curtain.after_failures, curtain.after_losses,
        ),
    );
    match &curtain.rescue {
        Some(rescue) => {
            let only = match curtain.strange_losses {
                0 => "all in the killed worker's hands, no others".to_owned(),
                strange => format!("{strange} of them were in no killed worker's hands"),
            };
            row("begun twice", number(curtain.after_losses), only);
            let after = rescue.after.map_or_else(|| glyphs.nothing().to_owned(), span);
            row("rescue", after, "from the kill until another worker had the jobs".to_owned());
        }
        None => row(
            "rescue",
            glyphs.nothing().to_owned(),
            "too little work to kill a worker in".to_owned(),
        ),
    }
    for wrong in curtain.wrong.iter().take(WRONG_SHOWN) {
        text.push_str(&format!("\n  {} {wrong}", palette.paint(Tone::Bad, glyphs.bad())));
    }
    text.push_str(&found(&curtain.totals));
    text
}

fn headline(curtain: &Checked, palette: Palette, glyphs: Glyphs) -> String {
    let took = palette.paint(Tone::Dim, &format!("in {}", span(curtain.took)));
    let headline = if curtain.agrees() {
        palette.paint(Tone::Good, &format!("{} nothing was lost", glyphs.good()))
    } else {
        palette.paint(Tone::Bad, &format!("{} the accounting does not agree", glyphs.bad()))
    };
    format!("\n  {headline} {took}\n\n")
}

/// What the work itself came to.
fn found(totals: &Totals) -> String {
    let often: Vec<String> =
        totals.often.iter().map(|(word, times)| format!("{word} ({times})")).collect();
    format!(
        "\n  The report: {} words; squeezed, they take {}% of their bytes.\n  Most frequent: {}\n\n",
        number(totals.words),
        totals.percent(),
        often.join(", "),
    )
}

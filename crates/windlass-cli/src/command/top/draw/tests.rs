use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use windlass::health::Thresholds;
use windlass::job::Filter;
use windlass::{JobRecord, State};

use super::*;
use crate::command::top::look::{Explained, Look, PageAnswer, PageQuestion};
use crate::command::top::model::{Key, Model};
use crate::command::top::sample::{at, busy, dead, id, quiet, running};
use crate::output::Output;
use crate::output::color::Palette;
use crate::output::glyph::Glyphs;

const USUAL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 50);

/// A model that has looked for a minute at a busy store.
fn seen() -> Model {
    let mut model = Model::new("sqlite:windlass.db".to_owned(), Filter::default());
    model.tick(at(0));
    let mut completed = 1_000;
    for second in 0..30 {
        completed += [6, 7, 6, 0, 19, 40][second % 6];
        model.saw(busy(i64::try_from(second).expect("small"), completed), &Thresholds::default());
    }
    model.tick(at(29));
    model
}

fn press(model: &mut Model, keys: &[Key]) {
    for key in keys {
        model.press(*key);
    }
}

fn answer(model: &mut Model, answer: PageAnswer) {
    let question = model.question().page.expect("a page");
    let look = Look { page: Some((question, answer)), ..busy(30, 1_400) };
    model.saw(look, &Thresholds::default());
}

fn drawn(model: &Model, size: (u16, u16), (palette, glyphs): (Palette, Glyphs)) -> Buffer {
    let out = Output::of_terminal(palette, glyphs);
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).expect("a terminal");
    terminal.draw(|frame| _ = draw(frame, model, Ink::of(&out))).expect("it is drawn");
    terminal.backend().buffer().clone()
}

/// What is seen, each line between bars that show where it ends.
fn shown(model: &Model, size: (u16, u16)) -> String {
    let buffer = drawn(model, size, (Palette::Colored, Glyphs::Unicode));
    let line = |line: String| format!("|{line}\n");
    lines(&buffer).into_iter().map(line).collect()
}

#[test]
fn the_first_page_fits_a_usual_terminal() {
    insta::assert_snapshot!(shown(&seen(), USUAL));
}

#[test]
fn the_first_page_uses_a_large_terminal() {
    insta::assert_snapshot!(shown(&seen(), LARGE));
}

#[test]
fn a_store_at_rest_says_so() {
    let mut model = Model::new("postgres://app@db/app".to_owned(), Filter::default());
    model.tick(at(0));
    insta::assert_snapshot!("nothing_is_known", shown(&model, (80, 10)));
    model.saw(quiet(), &Thresholds::default());
    insta::assert_snapshot!("at_rest", shown(&model, USUAL));
}

#[test]
fn a_lost_store_is_told_and_the_picture_has_its_age() {
    let mut model = seen();
    model.failed("connection refused".to_owned());
    model.tick(at(72));
    let text = shown(&model, USUAL);
    insta::assert_snapshot!(text);
    let buffer = drawn(&model, USUAL, (Palette::Bare, Glyphs::Unicode));
    assert!(buffer[(10, 10)].modifier.contains(Modifier::DIM));
}

#[test]
fn jobs_of_a_queue_are_listed() {
    let mut model = seen();
    press(&mut model, &[Key::Enter]);
    insta::assert_snapshot!("jobs_asked", shown(&model, (80, 12)));
    let jobs = vec![
        running(3, "img.thumb", 5_292),
        dead(
            4,
            "Decode: unexpected end of file in a very long name of a file that nobody expected",
        ),
        JobRecord { queue: "img".to_owned(), ..running(5, "img.exif", 2) },
    ];
    answer(&mut model, PageAnswer::Jobs { jobs, or_more: true });
    press(&mut model, &[Key::Down]);
    insta::assert_snapshot!("jobs", shown(&model, USUAL));
}

#[test]
fn a_job_is_explained_in_lines_that_fit() {
    let mut model = seen();
    press(&mut model, &[Key::Tab, Key::Enter]);
    let text = "job_01KAHT5V3X5W9GNQ6D4R3Z0003  img.thumb on queue img: ● running, 1h 28m\n  \
         ✓ due since 1h ago (2026-11-18T10:06:40.000Z)\n  \
         ✗ it runs for 1h 28m instead of 1m, and has said nothing of its progress since it began: its handler may hang\n\
         next: it ends, or is taken back with the lease of its worker\n\
         try:  windlass job cancel job_01KAHT5V3X5W9GNQ6D4R3Z0003\n"
        .to_owned();
    let explained = Explained { state: State::Running, text };
    answer(&mut model, PageAnswer::Job(Some(explained)));
    insta::assert_snapshot!(shown(&model, (80, 16)));
    let gone = (model.question().page, PageAnswer::Job(None));
    let page = gone.0.map(|question| (question, gone.1));
    model.saw(Look { page, ..busy(30, 1_400) }, &Thresholds::default());
    assert!(shown(&model, USUAL).contains("is gone: it was removed"));
}

#[test]
fn dialogs_stand_before_the_page() {
    let mut model = seen();
    press(&mut model, &[Key::Char('?')]);
    insta::assert_snapshot!("help", shown(&model, USUAL));
    press(&mut model, &[Key::Esc, Key::Char('p')]);
    insta::assert_snapshot!("ask", shown(&model, USUAL));
    press(&mut model, &[Key::Esc, Key::Char('/')]);
    press(&mut model, &"stat:dead".chars().map(Key::Char).collect::<Vec<_>>());
    press(&mut model, &[Key::Enter]);
    insta::assert_snapshot!("filter", shown(&model, USUAL));
}

/// What is not shown may be there.
#[test]
fn a_filter_is_always_seen() {
    let mut model = seen();
    press(&mut model, &[Key::Char('/')]);
    press(&mut model, &"queue:mail".chars().map(Key::Char).collect::<Vec<_>>());
    press(&mut model, &[Key::Enter]);
    assert!(shown(&model, USUAL).contains("filter queue:mail"));
}

#[test]
fn no_colour_is_used_where_none_is_wanted_and_the_selected_row_is_still_seen() {
    let buffer = drawn(&seen(), USUAL, (Palette::Bare, Glyphs::Unicode));
    let colors = |cell: &&ratatui::buffer::Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
    assert_eq!(buffer.content().iter().filter(colors).count(), 0);
    let reversed = |cell: &&ratatui::buffer::Cell| cell.modifier.contains(Modifier::REVERSED);
    assert_eq!(buffer.content().iter().filter(reversed).count(), usize::from(USUAL.0));
}

/// A theme, dark or light, makes its own sixteen colours readable on its own background.
#[test]
fn colours_are_those_of_the_terminals_theme() {
    let buffer = drawn(&seen(), LARGE, (Palette::Colored, Glyphs::Unicode));
    let allowed = [Color::Reset, Color::Red, Color::Yellow, Color::Green, Color::Blue];
    assert!(buffer.content().iter().all(|cell| allowed.contains(&cell.fg)));
    assert!(buffer.content().iter().all(|cell| cell.bg == Color::Reset));
    assert!(buffer.content().iter().any(|cell| cell.fg == Color::Red));
}

#[test]
fn a_locale_without_glyphs_gets_ascii() {
    for keys in [&[][..], &[Key::Char('?')], &[Key::Char('p')]] {
        let mut model = seen();
        press(&mut model, keys);
        let text = lines(&drawn(&model, USUAL, (Palette::Bare, Glyphs::Ascii))).join("\n");
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn names_of_strangers_are_escaped_and_cut() {
    let hostile = "evil\u{1b}[31m\u{202e}name";
    let mut look = busy(0, 900);
    let (one, other) = (&mut look.overview.workers[0], "w".repeat(300));
    one.label = format!("{hostile}{other}");
    one.build = hostile.to_owned();
    look.running[0].worker = Some(hostile.to_owned());
    look.overview.queues[2].note = Some(hostile.to_owned());
    look.facts.server = hostile.to_owned();
    let mut model = Model::new(hostile.to_owned(), Filter::default());
    model.saw(look, &Thresholds::default());
    for keys in [&[][..], &[Key::End], &[Key::Tab], &[Key::Tab], &[Key::End, Key::Char('p')]] {
        press(&mut model, keys);
        let text = shown(&model, USUAL);
        assert!(text.contains(r"evil\u{1b}[31m\u{202e}name"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 81), "{text}");
    }
    assert!(shown(&model, USUAL).contains('…'));
}

#[test]
fn wide_names_stand_in_their_columns() {
    let mut look = busy(0, 900);
    look.overview.queues[1].name = "郵便".to_owned();
    let mut model = Model::new("sqlite:windlass.db".to_owned(), Filter::default());
    model.saw(look, &Thresholds::default());
    let out = Output::of_terminal(Palette::Bare, Glyphs::Unicode);
    let buffer = drawn(&model, USUAL, (Palette::Bare, Glyphs::Unicode));
    let row = (0..24).find(|y| buffer[(2, *y)].symbol() == "郵").expect("it is shown");
    let above = row - 1;
    let at = |y: u16| (0..80).rev().find(|x| buffer[(*x, y)].symbol() != " ");
    assert!(at(row).is_some() && at(above).is_some());
    assert!(whole(&model, 100, Ink::of(&out)).iter().any(|line| line.contains("郵便  ")));
}

#[test]
fn a_terminal_that_is_too_small_is_told_and_any_size_can_be_drawn() {
    let mut model = seen();
    assert!(shown(&model, (30, 5)).contains("top needs 40 columns"));
    for keys in [&[][..], &[Key::Char('?')], &[Key::Esc, Key::Char('/')], &[Key::Esc, Key::Enter]] {
        press(&mut model, keys);
        for width in [1, 39, 40, 41, 60, 79, 250] {
            for height in [1, 7, 8, 9, 12, 25, 90] {
                drawn(&model, (width, height), (Palette::Colored, Glyphs::Unicode));
            }
        }
    }
}

#[test]
fn many_rows_show_where_the_selected_one_stands() {
    let mut look = busy(0, 900);
    let queue = look.overview.queues[1].clone();
    let of = |number: u32| windlass::queue::QueueRecord {
        name: format!("queue-{number:03}"),
        ..queue.clone()
    };
    look.overview.queues = (0..300).map(of).collect();
    let mut model = Model::new("sqlite:windlass.db".to_owned(), Filter::default());
    model.saw(look, &Thresholds::default());
    press(&mut model, &[Key::End]);
    let text = shown(&model, USUAL);
    assert!(text.contains("queue-299") && text.contains("of 300"), "{text}");
}

#[test]
fn one_picture_has_all_rows_and_no_keys() {
    let out = Output::of_terminal(Palette::Bare, Glyphs::Unicode);
    let text = whole(&seen(), 100, Ink::of(&out)).join("\n");
    insta::assert_snapshot!(text);
}

#[test]
fn the_page_that_is_asked_says_so() {
    let mut model = seen();
    press(&mut model, &[Key::Tab, Key::Enter]);
    assert_eq!(model.question().page, Some(PageQuestion::Job(id(3))));
    assert!(shown(&model, USUAL).contains("asking the store"));
}

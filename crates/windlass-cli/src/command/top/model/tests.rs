use windlass::health::Thresholds;
use windlass::{JobRecord, State};

use super::*;
use crate::command::top::look::{Explained, PageAnswer, PageQuestion};
use crate::command::top::sample::{at, busy, dead, id, quiet};

/// A model that has seen a busy store.
pub(in crate::command::top) fn seen() -> Model {
    let mut model = Model::new("sqlite:windlass.db".to_owned(), Filter::default());
    model.tick(at(0));
    model.saw(busy(0, 900), &Thresholds::default());
    model
}

fn press(model: &mut Model, keys: &[Key]) -> Wish {
    keys.iter().map(|key| model.press(*key)).last().expect("a key")
}

fn type_in(model: &mut Model, text: &str) {
    for c in text.chars() {
        assert_eq!(model.press(Key::Char(c)), Wish::Nothing);
    }
}

/// Answers what the page asks with these jobs.
fn answer(model: &mut Model, jobs: Vec<JobRecord>) {
    let question = model.question().page.expect("a page");
    let page = Some((question, PageAnswer::Jobs { jobs, or_more: false }));
    model.saw(Look { page, ..busy(1, 900) }, &Thresholds::default());
}

fn jobs_asked(model: &Model) -> String {
    match model.question().page {
        Some(PageQuestion::Jobs(filter)) => filter.to_string(),
        other => format!("{other:?}"),
    }
}

#[test]
fn it_ends_by_q_by_esc_on_the_first_page_and_by_ctrl_c_anywhere() {
    for key in [Key::Char('q'), Key::Esc, Key::Interrupt] {
        assert_eq!(seen().press(key), Wish::End);
    }
    for keys in [&[Key::Char('/')][..], &[Key::Char('?')], &[Key::Char('p')], &[Key::Enter]] {
        let mut model = seen();
        press(&mut model, keys);
        assert_eq!(model.press(Key::Interrupt), Wish::End);
    }
}

#[test]
fn esc_leaves_what_is_above_one_by_one() {
    let mut model = seen();
    model.filter = "queue:img".parse().expect("a filter");
    press(&mut model, &[Key::Enter]);
    answer(&mut model, vec![dead(4, "why")]);
    press(&mut model, &[Key::Enter, Key::Char('?')]);
    assert_eq!(model.press(Key::Esc), Wish::Nothing, "help");
    assert!(matches!(model.page(), Some(Page::Job(page)) if page.id == id(4)));
    assert_eq!(model.press(Key::Esc), Wish::Look, "the job");
    assert!(matches!(model.page(), Some(Page::Jobs(_))));
    assert_eq!(model.press(Key::Esc), Wish::Look, "the jobs");
    assert!(model.page().is_none());
    assert_eq!(model.press(Key::Esc), Wish::Look, "the filter");
    assert_eq!(model.press(Key::Esc), Wish::End);
}

#[test]
fn tab_goes_round_the_lists() {
    let mut model = seen();
    let mut focused = Vec::new();
    for _ in 0..4 {
        press(&mut model, &[Key::Tab]);
        focused.push(model.focus);
    }
    assert_eq!(focused, [Pane::Running, Pane::Workers, Pane::Problems, Pane::Queues]);
    press(&mut model, &[Key::BackTab]);
    assert_eq!(model.focus, Pane::Problems);
}

#[test]
fn each_row_leads_to_what_it_is_about() {
    let opened = |keys: &[Key]| {
        let mut model = seen();
        assert_eq!(press(&mut model, keys), Wish::Look, "{keys:?}");
        match model.question().page {
            Some(PageQuestion::Jobs(filter)) => filter.to_string(),
            Some(PageQuestion::Job(id)) => id.to_string(),
            None => String::new(),
        }
    };
    assert_eq!(opened(&[Key::Enter]), "queue:img");
    assert_eq!(opened(&[Key::Down, Key::Enter]), "queue:mail");
    assert_eq!(opened(&[Key::Tab, Key::Enter]), id(3).to_string());
    let worker = "worker:wkr_01KAHT5V3X5W9GNQ6D4R3Z0002 state:running";
    assert_eq!(opened(&[Key::Tab, Key::Tab, Key::Enter]), worker);
    assert_eq!(opened(&[Key::BackTab, Key::Enter]), "queue:img state:available");
    assert_eq!(opened(&[Key::BackTab, Key::End, Key::Enter]), id(7).to_string());
}

#[test]
fn what_leads_nowhere_says_so() {
    let mut model = seen();
    let mut look = quiet();
    look.overview.observed.leader = None;
    model.saw(look, &Thresholds::default());
    assert_eq!(press(&mut model, &[Key::BackTab, Key::Enter]), Wish::Nothing);
    assert!(model.said.is_some() && model.page().is_none());
}

#[test]
fn a_queue_is_paused_after_a_yes_and_a_paused_one_is_resumed() {
    let mut model = seen();
    let pause = Change::Pause("img".to_owned());
    assert_eq!(model.press(Key::Char('p')), Wish::Nothing);
    assert_eq!(model.dialog, Some(Dialog::Ask(pause.clone())));
    assert_eq!(model.press(Key::Char('y')), Wish::Change(pause));
    assert_eq!(model.dialog, None);
    let keys = [Key::End, Key::Char('p'), Key::Char('y')];
    assert_eq!(press(&mut model, &keys), Wish::Change(Change::Resume("reports".to_owned())));
}

#[test]
fn only_y_is_a_yes() {
    for key in [Key::Char('n'), Key::Char('q'), Key::Esc, Key::Enter] {
        let mut model = seen();
        press(&mut model, &[Key::Char('p')]);
        assert_eq!(model.press(key), Wish::Nothing);
        assert_eq!(model.dialog, None, "{key:?}");
    }
    let mut model = seen();
    press(&mut model, &[Key::Char('p'), Key::Char('p'), Key::Down, Key::Tab]);
    assert!(matches!(model.dialog, Some(Dialog::Ask(_))), "it waits for an answer");
}

#[test]
fn p_on_another_list_says_what_it_is_for() {
    let mut model = seen();
    press(&mut model, &[Key::Tab, Key::Char('p')]);
    assert!(model.dialog.is_none() && model.said.is_some());
}

#[test]
fn a_dead_job_is_retried_after_a_yes_and_no_other_is() {
    let retry = Wish::Change(Change::Retry(id(4)));
    let mut model = seen();
    press(&mut model, &[Key::Enter]);
    answer(&mut model, vec![dead(4, "why"), JobRecord { state: State::Running, ..dead(5, "") }]);
    assert_eq!(press(&mut model, &[Key::Char('r'), Key::Char('y')]), retry);
    press(&mut model, &[Key::Down, Key::Char('r')]);
    assert!(model.dialog.is_none());
    let said = model.said.expect("why not").1;
    assert_eq!(said, "r retries a dead job, and this one is running");
}

#[test]
fn a_job_that_is_explained_is_retried_where_it_is_dead() {
    let mut model = seen();
    press(&mut model, &[Key::BackTab, Key::End, Key::Enter, Key::Char('r')]);
    assert!(model.dialog.is_none(), "how it stands is not known yet");
    let explained = |state| {
        let explained = Explained { state, text: "it died".to_owned() };
        let page = Some((PageQuestion::Job(id(7)), PageAnswer::Job(Some(explained))));
        Look { page, ..busy(1, 900) }
    };
    model.saw(explained(State::Completed), &Thresholds::default());
    press(&mut model, &[Key::Char('r')]);
    assert!(model.dialog.is_none());
    model.saw(explained(State::Dead), &Thresholds::default());
    press(&mut model, &[Key::Char('r')]);
    assert_eq!(model.dialog, Some(Dialog::Ask(Change::Retry(id(7)))));
}

#[test]
fn a_problem_of_a_dead_job_is_retried_from_the_first_page() {
    let mut model = seen();
    press(&mut model, &[Key::BackTab, Key::End, Key::Char('r')]);
    assert_eq!(model.dialog, Some(Dialog::Ask(Change::Retry(id(7)))));
}

#[test]
fn a_filter_is_typed_and_applied() {
    let mut model = seen();
    press(&mut model, &[Key::Char('/')]);
    type_in(&mut model, "queue:maill q?");
    for _ in 0..4 {
        press(&mut model, &[Key::Backspace]);
    }
    assert_eq!(model.press(Key::Enter), Wish::Look);
    assert_eq!(model.filter.to_string(), "queue:mail");
    assert_eq!(model.question().filter, model.filter);
    press(&mut model, &[Key::Char('/'), Key::Clear, Key::Enter]);
    assert_eq!(model.filter, Filter::default());
}

#[test]
fn a_filter_that_cannot_be_read_stays_and_says_why() {
    let mut model = seen();
    press(&mut model, &[Key::Char('/')]);
    type_in(&mut model, "stat:dead");
    assert_eq!(model.press(Key::Enter), Wish::Nothing);
    let Some(Dialog::Filter(input)) = &model.dialog else { panic!("it is open") };
    assert!(input.error.as_ref().is_some_and(|why| why.contains("did you mean `state`?")));
    assert_eq!(model.filter, Filter::default());
    press(&mut model, &[Key::Esc]);
    assert_eq!(model.dialog, None);
}

#[test]
fn a_filter_narrows_the_jobs_of_a_queue() {
    let mut model = seen();
    press(&mut model, &[Key::Enter, Key::Char('/')]);
    type_in(&mut model, "state:dead");
    assert_eq!(model.press(Key::Enter), Wish::Look);
    assert_eq!(jobs_asked(&model), "queue:img state:dead");
    assert_eq!(model.filter, Filter::default());
}

#[test]
fn an_answer_to_what_is_not_asked_any_more_is_left_out() {
    let mut model = seen();
    press(&mut model, &[Key::Enter]);
    let before = model.question().page.expect("a page");
    press(&mut model, &[Key::Char('/')]);
    type_in(&mut model, "state:dead");
    press(&mut model, &[Key::Enter]);
    let page = Some((before, PageAnswer::Jobs { jobs: vec![dead(1, "")], or_more: false }));
    model.saw(Look { page, ..busy(1, 900) }, &Thresholds::default());
    assert!(matches!(model.page(), Some(Page::Jobs(page)) if page.jobs.is_none()));
}

#[test]
fn the_last_picture_stays_with_its_age_while_the_store_is_lost() {
    let mut model = seen();
    model.tick(at(5));
    model.failed("connection refused".to_owned());
    model.tick(at(9));
    model.failed("still refused".to_owned());
    model.tick(at(12));
    assert!(model.picture.is_some());
    assert_eq!(model.age(), Duration::from_secs(12));
    assert_eq!(model.lost_for(), Some((Duration::from_secs(7), "still refused")));
    model.saw(busy(12, 900), &Thresholds::default());
    assert_eq!((model.lost_for(), model.age()), (None, Duration::ZERO));
}

#[test]
fn the_selected_row_stays_selected_while_others_come() {
    let mut model = seen();
    press(&mut model, &[Key::Down]);
    let mut look = busy(1, 900);
    look.overview.queues.retain(|queue| queue.name != "img");
    model.saw(look, &Thresholds::default());
    assert_eq!(model.cursor(Pane::Queues).at(), 0);
    model.saw(busy(2, 900), &Thresholds::default());
    assert_eq!(model.cursor(Pane::Queues).at(), 1, "it is the row of mail");
}

#[test]
fn ctrl_z_leaves_all_as_it_is() {
    let mut model = seen();
    press(&mut model, &[Key::Char('p')]);
    assert_eq!(model.press(Key::Stop), Wish::Stop);
    assert!(matches!(model.dialog, Some(Dialog::Ask(_))));
}

//! Completion of filters as they are written: what may stand at the caret.

mod caret;
mod known;

use axum::Router;
use axum::http::HeaderValue;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use self::caret::{Caret, Term};
use self::known::{Name, names, values};
use crate::ask::Pages;
use crate::extract::Query;
use crate::fault::Fault;
use crate::filter::value;
use crate::parts::text;
use crate::view::View;

/// A filter has no more.
const FILTER_BYTES: usize = 4096;
/// So many are shown.
const OPTIONS: usize = 12;

/// What a filter is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    Jobs,
    Events,
}

/// A filter as it is, and where the caret stands, in units of UTF-16 as browsers count.
#[derive(Debug, Deserialize)]
struct Wanted {
    of: Of,
    text: String,
    at: usize,
}

/// Something that may stand at the caret.
struct Choice {
    shown: String,
    meaning: &'static str,
    /// The filter with it, and where the caret stands then.
    filter: (String, usize),
    /// Whether values follow.
    has_more: bool,
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/complete", get(complete))
}

/// Where the script of a page shows them, below the box of a filter.
pub(crate) fn options() -> Markup {
    html! { div #completions role="listbox" aria-label="Completions" hidden {} }
}

async fn complete(view: View, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let choices = match wanted.text.len() <= FILTER_BYTES {
        true => choices(&view, &wanted).await,
        false => Vec::new(),
    };
    let html = html! {
        @for (nth, choice) in choices.iter().enumerate() {
            div role="option" id={ "completion-" (nth) } aria-selected="false" data-filter=(choice.filter.0) data-at=(choice.filter.1) data-more[choice.has_more] {
                code { (text(&choice.shown)) }
                @if !choice.meaning.is_empty() { span.meta { (choice.meaning) } }
            }
        }
    };
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], html.0).into_response())
}

async fn choices(view: &View, wanted: &Wanted) -> Vec<Choice> {
    let caret = Caret::at(&wanted.text, wanted.at);
    match &caret.term {
        Term::Name { typed, is_negated } => {
            let fits = |name: &&Name| name.fits(typed) && !(*is_negated && name.is_moment());
            let choice = |name: &Name| Choice {
                shown: name.written(),
                meaning: name.meaning,
                filter: caret.with(&name.written()),
                has_more: !name.has_path,
            };
            names(wanted.of).iter().filter(fits).map(choice).collect()
        }
        Term::Value { name, typed, others } => {
            let known = values(view.ask(), wanted.of, name).await;
            let choice = |known: &String| Choice {
                shown: known.clone(),
                meaning: "",
                filter: caret.with(&value(known)),
                has_more: false,
            };
            fitting(known, typed, others).iter().map(choice).collect()
        }
        Term::Path => Vec::new(),
    }
}

/// Those that begin with what is typed, then those that have it in them. Small and capital letters are the same.
fn fitting(known: Vec<String>, typed: &str, others: &[String]) -> Vec<String> {
    let typed_small = typed.to_lowercase();
    let is_new = |value: &String| value != typed && !others.contains(value);
    let small = known.into_iter().filter(is_new).map(|value| (value.to_lowercase(), value));
    let (first, rest): (Vec<_>, Vec<_>) =
        small.partition(|(small, _)| small.starts_with(&typed_small));
    let within = rest.into_iter().filter(|(small, _)| small.contains(&typed_small));
    first.into_iter().chain(within).map(|(_, value)| value).take(OPTIONS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_the_typed_comes_first() {
        let known = || ["email", "mail", "Mailing", "media"].map(str::to_owned).to_vec();
        assert_eq!(fitting(known(), "mai", &[]), ["mail", "Mailing", "email"]);
        assert_eq!(fitting(known(), "mail", &[]), ["Mailing", "email"], "it is there already");
        assert_eq!(fitting(known(), "", &["mail".to_owned()]), ["email", "Mailing", "media"]);
        let many = (0..100).map(|nth| format!("q{nth}")).collect();
        assert_eq!(fitting(many, "q", &[]).len(), OPTIONS);
    }
}

//! Filters that a viewer keeps in their browser under names.

use std::collections::HashSet;

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use windlass::job::Filter;

use crate::act::back;
use crate::extract::Form;
use crate::fault::Fault;
use crate::filter::link;
use crate::form::{self, Button, Field};
use crate::kept::{decoded, encoded, keeping};
use crate::parts::{icon, plain, text};
use crate::view::View;

const COOKIE: &str = "windlass-filters";
/// So many, with names of so many characters.
const MOST: usize = 20;
const NAME_CHARS: usize = 60;
/// A browser keeps 4,096 bytes of a cookie, with its name and what is said of it.
const BYTES: usize = 3_500;

/// The filters that a browser keeps, each behind its name, in the order in which they were saved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Saved(Vec<(String, String)>);

/// A form that saves one or removes one.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    back: String,
    act: Act,
    name: String,
    #[serde(default)]
    filter: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Act {
    Save,
    Remove,
}

pub(super) async fn act(view: View, Form(asked): Form<Asked>) -> Result<Response, Fault> {
    view.ask().only_own_pages()?;
    view.who().await?;
    let (name, filter) = (asked.name.trim(), asked.filter.trim());
    let saved = Saved::of(&view);
    let (saved, told) = match asked.act {
        Act::Save => {
            filter.parse::<Filter>().map_err(|error| Fault::refused(&error.to_string()))?;
            (
                saved.with(name, filter)?,
                format!("The filter {} is saved in this browser.", plain(name)),
            )
        }
        Act::Remove => (saved.without(name), format!("The filter {} is removed.", plain(name))),
    };
    Ok(keeping(back(&view.base, &asked.back, &told), &view.base, (COOKIE, &saved.written())))
}

impl Saved {
    /// What the browser keeps; nothing where it is not what a form has written.
    pub(super) fn of(view: &View) -> Self {
        view.cookie(COOKIE).and_then(Self::read).unwrap_or_default()
    }

    fn read(cookie: &str) -> Option<Self> {
        let pair = |one: &str| {
            let (name, filter) = one.split_once('=')?;
            Some((decoded(name)?, decoded(filter)?))
        };
        let saved = Self(cookie.split('&').map(pair).collect::<Option<_>>()?);
        (saved.written() == cookie && saved.check().is_ok()).then_some(saved)
    }

    fn written(&self) -> String {
        let pair =
            |(name, filter): &(String, String)| format!("{}={}", encoded(name), encoded(filter));
        self.0.iter().map(pair).collect::<Vec<_>>().join("&")
    }

    /// With this one, which takes the place of another of its name.
    fn with(mut self, name: &str, filter: &str) -> Result<Self, Fault> {
        match self.0.iter_mut().find(|(own, _)| own == name) {
            Some((_, own)) => filter.clone_into(own),
            None => self.0.push((name.to_owned(), filter.to_owned())),
        }
        self.check().map_err(Fault::refused)?;
        Ok(self)
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }

    fn check(&self) -> Result<(), &'static str> {
        let is_line = |text: &str| {
            text.trim() == text && !text.is_empty() && !text.contains(char::is_control)
        };
        let mut names = HashSet::new();
        for (name, filter) in &self.0 {
            if name.chars().count() > NAME_CHARS || !is_line(name) {
                return Err("a name has 1 to 60 characters in one line");
            }
            if !is_line(filter) {
                return Err("a filter that is saved has at least one term, in one line");
            }
            if !names.insert(name) {
                return Err("two filters have the same name");
            }
        }
        if self.0.len() > MOST {
            return Err("a browser keeps at most 20 filters: remove one first");
        }
        if self.written().len() > BYTES {
            return Err(
                "a browser keeps at most 3,500 bytes of filters with their names: remove one first",
            );
        }
        Ok(())
    }

    /// Links to the lists, and what saves the filter of this one.
    pub(super) fn show(&self, view: &View, filter: Option<&str>) -> Markup {
        let is_new =
            |filter: &&str| !filter.is_empty() && self.0.iter().all(|(_, own)| own != filter);
        let new = filter.filter(is_new);
        html! {
            @if !self.0.is_empty() || new.is_some() {
                div.saved {
                    @if !self.0.is_empty() {
                        ul aria-label="Saved filters" { @for (name, own) in &self.0 { (item(view, (name, own), filter == Some(own))) } }
                    }
                    @if let Some(filter) = new { (save(view, filter)) }
                }
            }
        }
    }
}

fn item(view: &View, (name, filter): (&str, &str), is_here: bool) -> Markup {
    html! {
        li {
            a href=(link("jobs", &[("filter", filter)])) title=(plain(filter)) aria-current=[is_here.then_some("true")] { (text(name)) }
            form method="post" action="jobs/filters" {
                (form::back(view))
                input type="hidden" name="name" value=(name);
                button.quiet name="act" value="remove" aria-label={ "Remove the saved filter " (plain(name)) } { (icon("cross")) }
            }
        }
    }
}

fn save(view: &View, filter: &str) -> Markup {
    let name = Field { most: Some(NAME_CHARS as u16), ..Field::text("name", "Name") };
    let fields = html! {
        input type="hidden" name="act" value="save";
        input type="hidden" name="filter" value=(filter);
        (name.required())
    };
    Button::to("jobs/filters", ("Save this filter", "keep", "quiet")).ask(
        view,
        "It is kept in this browser alone.",
        &fields,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(pairs: &[(&str, &str)]) -> Saved {
        Saved(
            pairs.iter().map(|(name, filter)| ((*name).to_owned(), (*filter).to_owned())).collect(),
        )
    }

    #[test]
    fn filters_survive_their_cookie() {
        let all = saved(&[("Böse & tot", "state:dead error:\"a; b=c\""), ("mail", "queue:mail")]);
        let cookie = all.written();
        assert!(
            cookie.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%&=-_.".contains(&byte))
        );
        assert_eq!(Saved::read(&cookie), Some(all));
        assert_eq!(Saved::default().written(), "");
    }

    #[test]
    fn a_cookie_that_no_form_has_written_is_ignored() {
        let long = format!("{}=queue%3Aa", "n".repeat(61));
        let many = (0..21).map(|nth| format!("n{nth}=a")).collect::<Vec<_>>().join("&");
        let large = format!("a={}", "b".repeat(3_500));
        for cookie in [
            "", "a", "a=", "=a", "a=b&", "a=b&a=c", "a=b;c", "%61=b", "a=%ff", "a=b%0ac",
            "a=b&&c=d", "a=<b>", "a=%2", "+a=b", "%20a=b", &long, &many, &large,
        ] {
            assert_eq!(Saved::read(cookie), None, "{cookie}");
        }
    }

    #[test]
    fn what_a_browser_does_not_keep_is_refused() {
        let detail = |saved: Result<Saved, Fault>| saved.expect_err("refused").detail().to_owned();
        let names: Vec<String> = (0..MOST).map(|nth| format!("n{nth}")).collect();
        let twenty =
            || Saved(names.iter().map(|name| (name.clone(), "queue:a".to_owned())).collect());
        assert!(detail(twenty().with("one more", "queue:b")).contains("at most 20"));
        assert_eq!(twenty().with("n3", "queue:b").expect("it is replaced").0[3].1, "queue:b");
        assert!(
            detail(Saved::default().with(&"é".repeat(61), "queue:b")).contains("60 characters")
        );
        assert!(Saved::default().with(&"é".repeat(60), "queue:b").is_ok());
        assert!(detail(Saved::default().with("  ", "queue:b")).contains("60 characters"));
        assert!(detail(Saved::default().with("a\nb", "queue:b")).contains("one line"));
        assert!(detail(Saved::default().with("a", "")).contains("one term"));
        assert!(detail(Saved::default().with("a", &"é".repeat(600))).contains("3,500 bytes"));
    }
}

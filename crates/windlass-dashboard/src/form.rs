//! Forms: buttons that send one, those that ask first, and fields.

use maud::{Markup, html};
use serde::Deserialize;

use crate::fault::Fault;
use crate::parts::icon;
use crate::view::View;

/// A button that sends a form of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Button<'a> {
    /// Where to: a path below the store.
    pub(crate) to: &'a str,
    pub(crate) name: &'a str,
    pub(crate) picture: &'a str,
    /// `primary`, `danger`, `quiet` or nothing.
    pub(crate) class: &'a str,
    /// What it is done to, for those who hear the page and not see the row.
    pub(crate) about: &'a str,
}

impl<'a> Button<'a> {
    /// One that sends a form here, with its name, its picture and its class.
    pub(crate) const fn to(
        to: &'a str,
        (name, picture, class): (&'a str, &'a str, &'a str),
    ) -> Self {
        Self { to, name, picture, class, about: "" }
    }

    /// The same, done to this.
    pub(crate) const fn about(self, about: &'a str) -> Self {
        Self { about, ..self }
    }

    /// A small button in a line, which sends these fields.
    pub(crate) fn inline(&self, view: &View, fields: &[(&str, &str)]) -> Markup {
        html! {
            form.inline method="post" action=(self.to) {
                (back(view))
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                button class=(self.class) { (icon(self.picture)) span { (self.name) } }
            }
        }
    }

    /// The button; the page that it leads back to is the one that it stands on.
    pub(crate) fn show(&self, view: &View) -> Markup {
        let label = (!self.about.is_empty()).then(|| format!("{} {}", self.name, self.about));
        html! {
            form method="post" action=(self.to) {
                (back(view))
                button class=(self.class) aria-label=[label] { (icon(self.picture)) span { (self.name) } }
            }
        }
    }

    /// The button behind another one that opens a form with these fields: what cannot be taken back, and what needs more to be said.
    pub(crate) fn ask(&self, view: &View, title: &str, fields: &Markup) -> Markup {
        self.ask_again(view, (title, fields), None)
    }

    /// The same, open where it was refused, with the reason.
    pub(crate) fn ask_again(
        &self,
        view: &View,
        (title, fields): (&str, &Markup),
        fault: Option<&Fault>,
    ) -> Markup {
        html! {
            details.ask open[fault.is_some()] {
                summary class=(self.class) { (icon(self.picture)) span { (self.name) "…" } }
                form.fields method="post" action=(self.to) {
                    (back(view))
                    @if !title.is_empty() { p { (title) } }
                    (alert(fault))
                    (fields)
                    button class=(self.class) { (icon(self.picture)) span { (self.name) @if !self.about.is_empty() { " " (self.about) } } }
                }
            }
        }
    }
}

/// Why a form was refused.
pub(crate) fn alert(fault: Option<&Fault>) -> Markup {
    html! { @if let Some(fault) = fault { p.fault role="alert" { (icon("cross")) (fault.detail()) } } }
}

/// A form that was refused, to be shown again with what was written into it.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Where it was sent: the path of its button.
    pub(crate) to: String,
    pub(crate) fields: Fields,
    pub(crate) fault: Fault,
}

impl Refused {
    /// The text of a field.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.fields.value(name)
    }
}

/// What was written into a form, as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The text of a field without blanks around it; empty where it did not come.
    pub(crate) fn value(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// How long something is to last: none where it lasts until somebody ends it.
    pub(crate) fn lasts(&self) -> Result<Option<u64>, Fault> {
        if !self.0.iter().any(|(field, _)| field == LASTS) {
            return Ok(None);
        }
        let text = self.value(LASTS);
        let ms: u64 = text.parse().map_err(|_| {
            Fault::invalid(&format!("For: expected a number of milliseconds, found `{text}`"))
        })?;
        Ok((ms > 0).then_some(ms))
    }
}

/// The field that says how long.
const LASTS: &str = "for_ms";

/// A choice of how long: words, and milliseconds, of which none is for ever.
pub(crate) fn lasting(id: &str, lasts: &[(&str, u64)], refused: Option<&Refused>) -> Markup {
    let chosen = refused.map_or("", |refused| refused.value(LASTS));
    html! {
        label for=(id) { "For" }
        select id=(id) name=(LASTS) { @for (words, ms) in lasts { option value=(ms) selected[ms.to_string() == chosen] { (words) } } }
    }
}

/// The page that what is done leads back to.
pub(crate) fn back(view: &View) -> Markup {
    html! { input type="hidden" name="back" value=(view.here); }
}

/// A field of a form with its label above it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Field<'a> {
    /// Its name in the form, and its id with `of` before it.
    pub(crate) name: &'a str,
    /// Tells fields of one name on a page apart.
    pub(crate) of: &'a str,
    pub(crate) label: &'a str,
    pub(crate) value: &'a str,
    pub(crate) hint: &'a str,
    pub(crate) most: Option<u16>,
}

impl<'a> Field<'a> {
    /// One of any text, alone of its name on a page.
    pub(crate) fn text(name: &'a str, label: &'a str) -> Self {
        Self { name, label, most: Some(1024), ..Self::default() }
    }

    pub(crate) fn show(&self) -> Markup {
        let id = self.id();
        html! {
            label for=(id) { (self.label) }
            input id=(id) name=(self.name) value=(self.value) maxlength=[self.most] placeholder=(self.hint) autocomplete="off" spellcheck="false";
        }
    }

    pub(crate) fn required(&self) -> Markup {
        let id = self.id();
        html! {
            label for=(id) { (self.label) }
            input id=(id) name=(self.name) value=(self.value) maxlength=[self.most] placeholder=(self.hint) autocomplete="off" spellcheck="false" required;
        }
    }

    fn id(&self) -> String {
        format!("{}-{}", if self.of.is_empty() { "field" } else { self.of }, self.name)
    }
}

/// A text of a form, where it has something.
pub(crate) fn said(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

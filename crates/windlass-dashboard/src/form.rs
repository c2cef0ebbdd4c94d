//! Forms: buttons that send one, those that ask first, and fields.

use maud::{Markup, html};

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
        html! {
            details.ask {
                summary class=(self.class) { (icon(self.picture)) span { (self.name) "…" } }
                form.fields method="post" action=(self.to) {
                    (back(view))
                    @if !title.is_empty() { p { (title) } }
                    (fields)
                    button class=(self.class) { (icon(self.picture)) span { (self.name) @if !self.about.is_empty() { " " (self.about) } } }
                }
            }
        }
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

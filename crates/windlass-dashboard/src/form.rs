//! Buttons that do something. Each is a form, which needs no script.

use maud::{Markup, html};

use crate::parts::icon;
use crate::view::View;

/// How a button is called, its picture, and how much it weighs: `primary`, `danger`, `quiet` or nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) name: &'a str,
    pub(crate) picture: &'a str,
    pub(crate) class: &'a str,
}

impl<'a> Look<'a> {
    pub(crate) const fn of(name: &'a str, picture: &'a str, class: &'a str) -> Self {
        Self { name, picture, class }
    }

    fn inside(self) -> Markup {
        html! { (icon(self.picture)) span { (self.name) } }
    }
}

/// A button that sends a form to this path, and leads back to this page. `object` is what it is done to.
pub(crate) fn button(view: &View, to: &str, look: Look<'_>, object: &str) -> Markup {
    html! {
        form method="post" action=(to) {
            input type="hidden" name="back" value=(view.here);
            button class=(look.class) aria-label={ (look.name) " " (object) } { (look.inside()) }
        }
    }
}

/// A small button in a line, which sends these fields.
pub(crate) fn button_with(
    view: &View,
    to: &str,
    look: Look<'_>,
    fields: &[(&str, &str)],
) -> Markup {
    html! {
        form.inline method="post" action=(to) {
            input type="hidden" name="back" value=(view.here);
            @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
            button class=(look.class) { (look.inside()) }
        }
    }
}

/// A button that opens what it asks for first: fields, and the button that sends them.
pub(crate) fn asking(view: &View, to: &str, look: Look<'_>, fields: &Markup) -> Markup {
    html! {
        details.asking {
            summary class={ "button " (look.class) } { (look.inside()) }
            form method="post" action=(to) {
                input type="hidden" name="back" value=(view.here);
                (fields)
            }
        }
    }
}

/// The fields of such a form that asks for one text, which may be left out.
pub(crate) fn one_text(field: &str, label: &str, send: Look<'_>) -> Markup {
    html! {
        label { span { (label) } input name=(field) maxlength="1024" autocomplete="off"; }
        button class=(send.class) { (send.inside()) }
    }
}

/// The fields of such a form that only asks whether it is meant.
pub(crate) fn sure(says: &str, send: Look<'_>) -> Markup {
    html! { p { (says) } button class=(send.class) { (send.inside()) } }
}

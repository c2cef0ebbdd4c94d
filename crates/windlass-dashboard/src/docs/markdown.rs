//! Markdown as pages: headings that can be linked to, and links that lead to pages instead of files.

use std::collections::HashMap;

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Files outside of the documentation are in the repository.
const REPOSITORY: &str = "https://github.com/windlass-rs/windlass/blob/main/";

/// A page as it is shown, and its headings: their levels, ids and texts.
pub(super) struct Rendered {
    pub(super) body: Markup,
    pub(super) headings: Vec<(String, String)>,
}

/// Renders the text of a page with this name. Its own HTML is left out: it says things to the scripts that check the text.
pub(super) fn rendered(name: &str, text: &str) -> Rendered {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES);
    let events = parser.filter(|event| !matches!(event, Event::Html(_) | Event::InlineHtml(_)));
    let mut events: Vec<Event<'_>> = events.collect();
    let headings = with_ids(&mut events);
    for event in &mut events {
        if let Event::Start(Tag::Link { dest_url, .. }) = event {
            *dest_url = CowStr::from(destination(name, dest_url));
        }
    }
    let mut body = String::with_capacity(text.len() * 2);
    html::push_html(&mut body, events.into_iter());
    // What is too wide scrolls, and has to be reached by keys for that. In texts `<` is written otherwise.
    let body = body
        .replace("<pre><code", "<pre tabindex=\"0\"><code")
        .replace("<table>", "<table tabindex=\"0\">");
    Rendered { body: PreEscaped(body), headings }
}

/// Gives each heading the id that links to it expect, and returns those of the second level.
fn with_ids(events: &mut [Event<'_>]) -> Vec<(String, String)> {
    let (mut headings, mut seen) = (Vec::new(), HashMap::new());
    let mut start = None;
    let mut text = String::new();
    for at in 0..events.len() {
        match &events[at] {
            Event::Start(Tag::Heading { .. }) => {
                start = Some(at);
                text.clear();
            }
            Event::Text(part) | Event::Code(part) if start.is_some() => text.push_str(part),
            Event::End(TagEnd::Heading(level)) => {
                let level = *level;
                let own = unique(slug(&text), &mut seen);
                let begin = start.take().and_then(|begin| events.get_mut(begin));
                if let Some(Event::Start(Tag::Heading { id, .. })) = begin {
                    *id = Some(CowStr::from(own.clone()));
                }
                if level == HeadingLevel::H2 {
                    headings.push((own, text.clone()));
                }
            }
            _ => {}
        }
    }
    headings
}

/// The id of a heading as GitHub makes it, so that a link works there and here.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn unique(slug: String, seen: &mut HashMap<String, u32>) -> String {
    let times = seen.entry(slug.clone()).or_default();
    *times += 1;
    match *times {
        1 => slug,
        times => format!("{slug}-{}", times - 1),
    }
}

/// Where a link of a page leads to.
fn destination(name: &str, link: &str) -> String {
    if let Some(place) = link.strip_prefix('#') {
        return format!("docs/{name}#{place}");
    }
    if link.contains("://") {
        return link.to_owned();
    }
    if let Some(path) = link.strip_prefix("../") {
        return format!("{REPOSITORY}{path}");
    }
    let (file, place) = link.split_once('#').map_or((link, None), |(file, at)| (file, Some(at)));
    let page = file.strip_suffix(".md").unwrap_or(file);
    match place {
        Some(place) => format!("docs/{page}#{place}"),
        None => format!("docs/{page}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pages::{all, page};
    use super::*;

    #[test]
    fn links_lead_to_pages() {
        assert_eq!(destination("jobs", "#then"), "docs/jobs#then");
        assert_eq!(destination("jobs", "filters.md#terms"), "docs/filters#terms");
        assert_eq!(destination("jobs", "filters.md"), "docs/filters");
        assert_eq!(destination("jobs", "https://example.org/a.md"), "https://example.org/a.md");
        assert_eq!(destination("jobs", "../workers/node"), format!("{REPOSITORY}workers/node"));
    }

    #[test]
    fn what_a_text_says_to_scripts_is_left_out() {
        let text = "# A\n\n2,000<!--LIMIT--> <b>jobs</b>\n\n## B `c`\n\n## B `c`\n";
        let Rendered { body, headings } = rendered("a", text);
        assert_eq!(
            body.0,
            "<h1 id=\"a\">A</h1>\n<p>2,000 jobs</p>\n<h2 id=\"b-c\">B <code>c</code></h2>\n<h2 id=\"b-c-1\">B <code>c</code></h2>\n"
        );
        assert_eq!(
            headings,
            [("b-c".to_owned(), "B c".to_owned()), ("b-c-1".to_owned(), "B c".to_owned())]
        );
    }

    #[test]
    fn no_link_of_a_page_leads_nowhere() {
        let mut bodies: HashMap<&str, String> = HashMap::new();
        for doc in all() {
            let links =
                Parser::new_ext(doc.text, Options::ENABLE_TABLES).filter_map(|event| match event {
                    Event::Start(Tag::Link { dest_url, .. }) => {
                        Some(destination(doc.name, &dest_url))
                    }
                    _ => None,
                });
            for link in links.filter(|link| !link.contains("://")) {
                let path = link.strip_prefix("docs/").expect("a page");
                let (name, place) =
                    path.split_once('#').map_or((path, None), |(name, at)| (name, Some(at)));
                let to = page(name).unwrap_or_else(|| panic!("{}: {link} is not a page", doc.name));
                if let Some(place) = place {
                    let body =
                        bodies.entry(to.name).or_insert_with(|| rendered(name, to.text).body.0);
                    assert!(
                        body.contains(&format!("id=\"{place}\"")),
                        "{}: {link} has no such place",
                        doc.name
                    );
                }
            }
        }
    }
}

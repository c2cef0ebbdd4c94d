//! Atom: entries become JSON objects, which are mapped as records of any feed are.
//!
//! An Atom feed is a window on some of its entries, in whatever order, and has no cursor. What was read is known by marks of the
//! entries' ids: those without are new, and where none has one, the window has moved past them, and something may be lost.

use std::collections::BTreeSet;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use windlass::limits::CURSOR_BYTES;
use windlass::source::{Page, UpstreamError};

use super::Mapping;

/// Characters of a mark. Of a million entries two have the same with a chance of one in 500.
const MARK: usize = 12;

/// The elements of an entry that are texts.
const TEXTS: [&str; 7] = ["id", "title", "updated", "published", "summary", "content", "rights"];

/// A page behind the entries that the cursor names.
pub(super) fn read(
    body: &[u8],
    cursor: Option<&str>,
    mapping: &Mapping,
) -> Result<Page, UpstreamError> {
    let text =
        std::str::from_utf8(body).map_err(|_| UpstreamError::new("the feed is not UTF-8"))?;
    let entries = entries(text)?;
    let known: Vec<&str> = cursor.map(marks).unwrap_or_default();
    let is_known =
        |entry: &Map<String, Value>| mark(entry).is_some_and(|mark| known.contains(&mark.as_str()));
    // As a rule the newest come first, and are to be published last.
    let new = entries.iter().rev().filter(|entry| !is_known(entry));
    let records = new.map(|entry| mapping.read(&Value::Object(entry.clone()).to_string()));
    let mut page = Page::new(records);
    page.is_lost = cursor.is_some() && !entries.is_empty() && !entries.iter().any(is_known);
    page.cursor = remember(&entries, &known);
    Ok(page)
}

/// What an entry is known by; one without an id by nothing.
fn mark(entry: &Map<String, Value>) -> Option<String> {
    let id = entry.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())?;
    let digest = Sha256::digest(id.as_bytes());
    Some(digest.iter().take(MARK / 2).map(|byte| format!("{byte:02x}")).collect())
}

fn marks(cursor: &str) -> Vec<&str> {
    (0..cursor.len()).step_by(MARK).filter_map(|at| cursor.get(at..at + MARK)).collect()
}

/// The marks of the entries there are, and of those that were there before as far as there is room: where a newer one is deleted, an
/// older one may come back into the window.
fn remember(entries: &[Map<String, Value>], known: &[&str]) -> Option<String> {
    let here: BTreeSet<String> = entries.iter().filter_map(mark).collect();
    let before = known.iter().filter(|mark| !here.contains(**mark)).map(|mark| (*mark).to_owned());
    let all = here.iter().cloned().chain(before).take(CURSOR_BYTES / MARK);
    Some(all.collect::<String>()).filter(|cursor| !cursor.is_empty())
}

/// The entries of a feed, in its order.
fn entries(text: &str) -> Result<Vec<Map<String, Value>>, UpstreamError> {
    let mut reader = Reader::from_str(text);
    let (mut entries, mut path) = (Vec::new(), Vec::<String>::new());
    let (mut entry, mut value) = (Map::new(), String::new());
    loop {
        match reader.read_event().map_err(|error| wrong(&error))? {
            Event::Start(element) => {
                open(&element, path.len(), &mut entry)?;
                if path.len() == 2 {
                    value.clear();
                }
                path.push(local(&element));
            }
            Event::Empty(element) => open(&element, path.len(), &mut entry)?,
            Event::Text(text) => value.push_str(&text.xml10_content()),
            Event::CData(text) => value.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => value.push_str(&character(&name)?),
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                close((&path, &name), &mut value, &mut entry, &mut entries);
            }
            Event::Eof if path.is_empty() => return Ok(entries),
            Event::Eof => return Err(UpstreamError::new("the feed ends in the middle")),
            _ => {}
        }
    }
}

fn wrong(error: &dyn std::fmt::Display) -> UpstreamError {
    UpstreamError::new(format!("the feed is not XML: {error}"))
}

fn local(element: &BytesStart<'_>) -> String {
    element.local_name().as_ref().to_owned()
}

/// The character that a reference stands for. Entities of the document's own are not expanded.
fn character(name: &quick_xml::events::BytesRef<'_>) -> Result<String, UpstreamError> {
    if let Some(character) = name.resolve_char_ref().map_err(|error| wrong(&error))? {
        return Ok(character.to_string());
    }
    let content = name.xml10_content();
    let known = quick_xml::escape::resolve_predefined_entity(&content);
    known.map(str::to_owned).ok_or_else(|| wrong(&format!("the entity &{content}; is not known")))
}

/// What an element of an entry says by its attributes.
fn open(
    element: &BytesStart<'_>,
    depth: usize,
    entry: &mut Map<String, Value>,
) -> Result<(), UpstreamError> {
    if depth != 2 {
        return Ok(());
    }
    let attribute = |name| -> Result<Option<String>, UpstreamError> {
        let found = element.try_get_attribute(name).map_err(|error| wrong(&error))?;
        let value = found.map(|one| one.normalized_value(XmlVersion::Implicit1_0));
        Ok(value.transpose().map_err(|error| wrong(&error))?.map(std::borrow::Cow::into_owned))
    };
    match local(element).as_str() {
        "link" => {
            let rel = attribute("rel")?;
            let is_main = rel.is_none_or(|rel| rel == "alternate");
            if let Some(href) = attribute("href")?.filter(|_| is_main) {
                entry.entry("link").or_insert(Value::String(href));
            }
        }
        "category" => {
            if let Some(term) = attribute("term")? {
                let all = entry.entry("category").or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(all) = all {
                    all.push(Value::String(term));
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// What an element says that ends: `path` is where it is.
fn close(
    (path, name): (&[String], &str),
    value: &mut String,
    entry: &mut Map<String, Value>,
    entries: &mut Vec<Map<String, Value>>,
) {
    let text = |value: &mut String| Value::String(std::mem::take(value).trim().to_owned());
    match path {
        [feed] if feed == "feed" && name == "entry" => entries.push(std::mem::take(entry)),
        [_, inside] if inside == "entry" && TEXTS.contains(&name) => {
            entry.entry(name).or_insert_with(|| text(value));
        }
        [_, inside, author] if inside == "entry" && author == "author" && name == "name" => {
            entry.entry("author").or_insert_with(|| text(value));
        }
        // What is said of the feed itself is not said of its entries.
        [_] => entry.clear(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use windlass::source::Read;

    use super::*;

    fn mapping() -> Mapping {
        Mapping {
            id: "{id}".parse().ok(),
            time: "{updated}".parse().ok(),
            ..Mapping::plain("atom.entry".parse().expect("a template"))
        }
    }

    fn feed(ids: &[u32]) -> String {
        let entry = |id: &u32| {
            format!(
                "<entry><id>urn:{id}</id><title>No &amp; {id} &#x41;</title><updated>2026-11-27T10:00:{id:02}Z</updated>\
                 <link href=\"https://e.org/{id}?a=1&amp;b=2\"/><author><name>Ann</name></author><category term=\"c\"/></entry>"
            )
        };
        let entries: String = ids.iter().map(entry).collect();
        format!(
            "<?xml version=\"1.0\"?><feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:feed</id><title>Feed</title>\
             <link href=\"https://e.org\"/>{entries}</feed>"
        )
    }

    fn ids(page: &Page) -> Vec<&str> {
        let id = |read: &'_ Read| match read {
            Read::Record(record) => record.event.given.clone(),
            Read::Unreadable(_) => None,
        };
        let given: Vec<_> = page.records.iter().filter_map(id).collect();
        given.into_iter().map(|id| &*id.leak()).collect()
    }

    /// O18: entries are read from the oldest on, each with what it says.
    #[test]
    fn entries_are_read() {
        let page = read(feed(&[3, 2, 1]).as_bytes(), None, &mapping()).expect("read");
        assert_eq!(ids(&page), ["urn:1", "urn:2", "urn:3"]);
        let Read::Record(first) = &page.records[0] else { panic!("an event") };
        let data = first.event.data.as_ref().expect("data").as_str();
        let data: Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(data["title"], "No & 1 A");
        assert_eq!(data["link"], "https://e.org/1?a=1&b=2");
        assert_eq!((&data["author"], &data["category"][0]), (&"Ann".into(), &"c".into()));
        assert!(!page.is_lost);
    }

    /// O19: of entries those behind the known ones are new; where the window has moved past all of them, something may be lost.
    #[test]
    fn a_window_that_has_moved_on_is_told() {
        let first = read(feed(&[3, 2, 1]).as_bytes(), None, &mapping()).expect("read");
        let cursor = first.cursor.as_deref();
        let next = read(feed(&[5, 4, 3, 2]).as_bytes(), cursor, &mapping()).expect("read");
        assert_eq!((ids(&next), next.is_lost), (vec!["urn:4", "urn:5"], false));
        let deleted = read(feed(&[4, 2]).as_bytes(), cursor, &mapping()).expect("read");
        assert_eq!((ids(&deleted), deleted.is_lost), (vec!["urn:4"], false));
        let moved = read(feed(&[9, 8]).as_bytes(), cursor, &mapping()).expect("read");
        assert_eq!((ids(&moved), moved.is_lost), (vec!["urn:8", "urn:9"], true));
        let back = read(feed(&[2, 1, 0]).as_bytes(), next.cursor.as_deref(), &mapping());
        assert_eq!(ids(&back.expect("read")), ["urn:0"], "an older one comes back into sight");
        let empty = read(feed(&[]).as_bytes(), cursor, &mapping()).expect("read");
        assert_eq!(
            (empty.records.len(), empty.is_lost, empty.cursor.as_deref()),
            (0, false, cursor)
        );
    }

    /// O19: an entry that is new is found wherever it stands: behind one that was edited, or at the end of a feed with the oldest first.
    #[test]
    fn the_order_of_a_feed_loses_no_entry() {
        let first = read(feed(&[5, 4, 3]).as_bytes(), None, &mapping()).expect("read");
        let cursor = first.cursor.as_deref();
        let edited = read(feed(&[3, 6, 5, 4]).as_bytes(), cursor, &mapping()).expect("read");
        assert_eq!((ids(&edited), edited.is_lost), (vec!["urn:6"], false));
        let appended = read(feed(&[3, 4, 5, 6, 7]).as_bytes(), cursor, &mapping()).expect("read");
        assert_eq!(ids(&appended), ["urn:7", "urn:6"]);
        let again = read(feed(&[4, 5, 3]).as_bytes(), cursor, &mapping()).expect("read");
        assert_eq!((again.records.len(), again.cursor.as_deref()), (0, cursor), "nothing moved");
        let many: Vec<u32> = (0..500).collect();
        let many = read(feed(&many).as_bytes(), cursor, &mapping()).expect("read");
        assert!(many.cursor.is_some_and(|cursor| cursor.len() <= CURSOR_BYTES));
    }

    /// O22: what is not XML, or ends in the middle, is an error of the page; an entry without an id is put aside.
    #[test]
    fn what_is_no_feed_is_told() {
        let cut = feed(&[1]);
        for wrong in ["<feed><entry></feed>", &cut[..cut.len() - 9], "<feed>&own;</feed>"] {
            assert!(read(wrong.as_bytes(), None, &mapping()).is_err(), "{wrong}");
        }
        let nameless = "<feed><entry><title>a</title></entry></feed>";
        let page = read(nameless.as_bytes(), None, &mapping()).expect("read");
        assert!(
            matches!(&page.records[0], Read::Unreadable(one) if one.reason == "has no member `id`")
        );
    }
}

//! The pages around a page, as cursors and as a `Link` header.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;

/// The cursors of the pages around one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// The page behind it.
    pub(crate) next: Option<String>,
    /// The page that led to it.
    pub(crate) prev: Option<String>,
}

impl Links {
    /// The answer, which takes its links along to where the request's query is known.
    pub(super) fn told_by(self, mut answer: Response) -> Response {
        answer.extensions_mut().insert(self);
        answer
    }

    /// The value of a `Link` header, [RFC 8288](https://www.rfc-editor.org/rfc/rfc8288): the request's own query with another
    /// cursor, relative to what was asked for, so that it is right behind a proxy and where the API is nested.
    fn header(&self, query: &str) -> Option<HeaderValue> {
        let is_kept = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            !pair.is_empty() && percent_decode_str(name).ne("cursor".bytes())
        };
        let kept = query.split('&').filter(is_kept);
        let kept: String = kept.flat_map(|pair| [pair, "&"]).collect();
        let link = |cursor: &String, rel| format!("<?{kept}cursor={cursor}>; rel=\"{rel}\"");
        let next = self.next.as_ref().map(|next| link(next, "next"));
        let prev = self.prev.as_ref().map(|prev| link(prev, "prev"));
        let links: Vec<String> = next.into_iter().chain(prev).collect();
        if links.is_empty() { None } else { HeaderValue::from_str(&links.join(", ")).ok() }
    }
}

/// The response with the links of its page, where it is one.
pub(crate) fn linked(mut response: Response, query: &str) -> Response {
    let links = response.extensions_mut().remove::<Links>();
    if let Some(value) = links.and_then(|links| links.header(query)) {
        response.headers_mut().insert(header::LINK, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_keeps_what_was_asked_for() {
        let links = Links { next: Some("bg".to_owned()), prev: Some("cA".to_owned()) };
        let header = links.header("filter=state:dead%20a&cursor=eA&limit=5&%63ursor=x");
        assert_eq!(
            header.expect("links"),
            "<?filter=state:dead%20a&limit=5&cursor=bg>; rel=\"next\", \
             <?filter=state:dead%20a&limit=5&cursor=cA>; rel=\"prev\""
        );
        assert_eq!(Links::default().header("limit=5"), None);
        let first = Links { next: Some("bg".to_owned()), prev: None };
        assert_eq!(first.header("").expect("a link"), "<?cursor=bg>; rel=\"next\"");
    }
}

//! A feed that is asked by GET.
//!
//! | answer | meaning |
//! |---|---|
//! | 2xx | a page; 204 an empty one |
//! | 304 | nothing new |
//! | 410 | the feed does not have what was behind the cursor any more |
//! | 429, 503 with `Retry-After` | not before that |
//! | others, no answer, a page that is too large or too slow | an error: asked again, nothing is moved |

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Response, StatusCode, Url};
use windlass::source::{Page, Position, Read, Upstream, UpstreamError};

use super::{Form, Mapping, atom, json_lines};
use crate::handler::http::retry_after;

/// Bytes of one page.
const PAGE_BYTES: usize = 16 << 20;

/// The headers by which a feed speaks of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// What to ask with next.
    pub(crate) cursor: String,
    /// Whether there is more: `true` or `false`.
    pub(crate) more: String,
    /// The number of the oldest record.
    pub(crate) oldest: String,
    /// The number of the newest record.
    pub(crate) head: String,
}

impl Default for Said {
    fn default() -> Self {
        let [cursor, more, oldest, head] =
            ["feed-cursor", "feed-more", "feed-oldest", "feed-head"].map(str::to_owned);
        Self { cursor, more, oldest, head }
    }
}

/// A feed as the file describes it.
#[derive(Debug, Clone)]
pub(crate) struct HttpFeed {
    /// Its address; in the values of its query `{cursor}`, `{page}` and `{wait}` stand for what they say.
    pub(crate) url: Url,
    pub(crate) form: Form,
    pub(crate) mapping: Mapping,
    pub(crate) said: Said,
    /// How many records a page may have.
    pub(crate) page: u32,
    /// For how long the feed may hold a request.
    pub(crate) wait: Option<Duration>,
    /// How long an answer may take from beginning to end, beside that.
    pub(crate) timeout: Duration,
    /// The file with what it is asked with as `Authorization: Bearer`.
    pub(crate) token_file: Option<PathBuf>,
}

/// A feed that can be asked.
pub(crate) struct HttpSource {
    pub(crate) client: Client,
    pub(crate) feed: HttpFeed,
}

impl Upstream for HttpSource {
    async fn page(&self, after: &Position) -> Result<Page, UpstreamError> {
        let feed = &self.feed;
        let total = feed.total();
        let mut request = self.client.get(feed.address(after)).timeout(total);
        if let Some(file) = feed.token_file.clone() {
            // Each time: tokens are exchanged while workers run.
            let token = tokio::task::spawn_blocking(move || token(&file)).await?;
            request = request.bearer_auth(token.map_err(UpstreamError::new)?);
        }
        let answer = request.send().await.map_err(|error| no_page(error, total))?;
        feed.page_of(answer, after, total).await
    }

    fn waits(&self) -> bool {
        self.feed.wait.is_some()
    }

    fn reread(&self, body: &str) -> Result<Read, UpstreamError> {
        Ok(self.feed.mapping.read(body))
    }

    fn about(&self) -> String {
        let mut url = self.feed.url.clone();
        // Neither a password nor a key in the query is to be read where the source is shown.
        url.set_query(None);
        let bare = url.set_username("").is_ok() && url.set_password(None).is_ok();
        let url = if bare { url.as_str() } else { "" };
        format!("{} {url}", self.feed.form.word())
    }
}

impl HttpFeed {
    /// How long an answer may take from beginning to end.
    pub(crate) fn total(&self) -> Duration {
        self.timeout.saturating_add(self.wait.unwrap_or_default())
    }

    /// Where to ask behind a position. What there is no cursor for is left out.
    fn address(&self, after: &Position) -> Url {
        let cursor = after.cursor.clone().or_else(|| after.number.map(|number| number.to_string()));
        let wait = self.wait.unwrap_or_default().as_secs();
        let mut url = self.url.clone();
        url.set_query(None);
        for (name, value) in self.url.query_pairs() {
            let Some(value) = filled(&value, "{cursor}", cursor.as_deref()) else { continue };
            let value = value.replace("{page}", &self.page.to_string());
            url.query_pairs_mut().append_pair(&name, &value.replace("{wait}", &wait.to_string()));
        }
        url
    }

    async fn page_of(
        &self,
        answer: Response,
        after: &Position,
        total: Duration,
    ) -> Result<Page, UpstreamError> {
        let (status, headers) = (answer.status(), answer.headers().clone());
        if status == StatusCode::GONE {
            return Ok(self.described(Page::default().lost(), &headers)?);
        }
        if matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            let page = Page { cursor: after.cursor.clone(), ..Page::default() };
            return Ok(self.described(page, &headers)?);
        }
        if !status.is_success() {
            let hint = if status.is_redirection() { "; redirects are not followed" } else { "" };
            let error = UpstreamError::new(format!("the feed answered {status}{hint}"));
            let wait = retry_after(&headers);
            return Err(
                wait.map_or(UpstreamError::new(error.text()), |wait| error.again_after(wait))
            );
        }
        let body = bounded(answer, total).await?;
        let (form, mapping, cursor) = (self.form, self.mapping.clone(), after.cursor.clone());
        // A large one takes a while, in which nothing else would be done on this thread.
        let read = move || read(form, (&body, cursor.as_deref()), &mapping);
        let page = tokio::task::spawn_blocking(read).await??;
        match self.form {
            Form::JsonLines => {
                let records = page.records;
                let is_full = records.len() >= self.page as usize;
                let mut page = Page { has_more: is_full, ..Page::new(records) };
                page.cursor = after.cursor.clone().filter(|_| page.records.is_empty());
                Ok(self.described(page, &headers)?)
            }
            Form::Atom => Ok(page),
        }
    }

    /// The page with what the feed says of itself.
    fn described(&self, mut page: Page, headers: &HeaderMap) -> Result<Page, String> {
        let text =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let number = |name: &str| match text(name).map(str::parse::<u64>) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(format!("the feed's header {name} is not a number")),
        };
        page.oldest = number(&self.said.oldest)?;
        page.head = number(&self.said.head)?;
        page.cursor = text(&self.said.cursor).map(str::to_owned).or(page.cursor);
        page.has_more = match text(&self.said.more) {
            None => page.has_more,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => {
                return Err(format!(
                    "the feed's header {} is `{other}`: true and false are known",
                    self.said.more
                ));
            }
        };
        Ok(page)
    }
}

fn read(
    form: Form,
    (body, cursor): (&[u8], Option<&str>),
    mapping: &Mapping,
) -> Result<Page, UpstreamError> {
    match form {
        Form::JsonLines => Ok(Page::new(json_lines::read(body, mapping)?)),
        Form::Atom => atom::read(body, cursor, mapping),
    }
}

/// The token that a file has.
pub(crate) fn token(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| format!("{}: {error}", file.display()))?;
    let token = text.trim();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(format!("{} has no token of one line", file.display()));
    }
    Ok(token.to_owned())
}

/// The text with what stands for the name; none where it is named and there is nothing.
fn filled(text: &str, name: &str, value: Option<&str>) -> Option<String> {
    if !text.contains(name) {
        return Some(text.to_owned());
    }
    value.map(|value| text.replace(name, value))
}

async fn bounded(mut answer: Response, total: Duration) -> Result<Vec<u8>, UpstreamError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| no_page(error, total))? {
        if bytes.len() + chunk.len() > PAGE_BYTES {
            let what = format!(
                "the page has more than {PAGE_BYTES} bytes: ask for smaller ones by `page`"
            );
            return Err(UpstreamError::new(what));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn no_page(error: reqwest::Error, total: Duration) -> UpstreamError {
    if error.is_timeout() && !error.is_connect() {
        return UpstreamError::new(format!("the feed gave no whole page within {total:?}"));
    }
    let error = error.without_url();
    // The innermost cause says it; those around it only repeat that a request failed.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    UpstreamError::new(format!("the feed gave no page: {cause}"))
}

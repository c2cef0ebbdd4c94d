//! What pages load: files with their digest in the name, which browsers keep.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::ask::Pages;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
/// So much of a digest tells versions of one file apart.
const DIGEST_BYTES: usize = 6;

struct Asset {
    stem: &'static str,
    end: &'static str,
    content_type: &'static str,
    text: &'static str,
}

macro_rules! asset {
    ($stem:literal, $end:literal, $content_type:expr) => {
        Asset {
            stem: $stem,
            end: $end,
            content_type: $content_type,
            text: include_str!(concat!("../assets/", $stem, ".", $end)),
        }
    };
}

/// The scripts in the order in which they need each other, as one file: a page is there in fewer requests.
const SCRIPTS: &str = concat!(
    include_str!("../assets/htmx.min.js"),
    ";\n",
    include_str!("../assets/htmx-sse.min.js"),
    ";\n",
    include_str!("../assets/idiomorph-ext.min.js"),
    ";\n",
    include_str!("../assets/app.js"),
    include_str!("../assets/complete.js"),
);

static ASSETS: [Asset; 3] = [
    asset!("style", "css", CSS),
    Asset { stem: "scripts", end: "js", content_type: JS, text: SCRIPTS },
    asset!("icons", "svg", "image/svg+xml"),
];

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| ASSETS.iter().map(Asset::name).collect());

impl Asset {
    fn name(&self) -> String {
        let digest = Sha256::digest(self.text.as_bytes());
        let digest = digest.iter().take(DIGEST_BYTES).fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        format!("{}.{digest}.{}", self.stem, self.end)
    }
}

/// The path of a file below the dashboard's own, such as `assets/style.1f2e3d4c5b6a.css`.
pub(crate) fn path(stem: &str) -> String {
    let nth = ASSETS.iter().position(|asset| asset.stem == stem);
    nth.and_then(|nth| NAMES.get(nth)).map(|name| format!("assets/{name}")).unwrap_or_default()
}

pub(crate) fn routes() -> Router<Pages> {
    Router::new().route("/assets/{name}", get(show))
}

async fn show(Path(name): Path<String>) -> Response {
    let Some(nth) = NAMES.iter().position(|known| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let asset = &ASSETS[nth];
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (header::CACHE_CONTROL, FOR_EVER),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, asset.text).into_response()
}

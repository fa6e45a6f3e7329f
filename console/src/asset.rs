//! Style, scripts and icon: embedded, named by their content, kept by browsers for good.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::error::Failure;

const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// An embedded file.
pub(crate) struct Asset {
    /// The address, which changes with the content.
    pub(crate) path: String,
    media_type: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    fn new(stem: &str, ending: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = hex::encode(&Sha256::digest(bytes)[..6]);
        Self { path: format!("/assets/{stem}-{hash}.{ending}"), media_type, bytes }
    }
}

/// The style sheet.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "css", "text/css; charset=utf-8", include_bytes!("../assets/console.css"))
});
/// Our own script.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("console", "js", "text/javascript; charset=utf-8", include_bytes!("../assets/console.js"))
});
/// htmx.
pub(crate) static HTMX: LazyLock<Asset> = LazyLock::new(|| {
    let bytes = include_bytes!("../assets/vendor/htmx.min.js");
    Asset::new("htmx", "js", "text/javascript; charset=utf-8", bytes)
});
/// The icon in the browser's tab.
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_bytes!("../assets/icon.svg")));

/// Serves a file by the name that carries its hash.
pub(crate) async fn serve(Path(name): Path<String>) -> Result<Response, Failure> {
    let asset = [&STYLE, &SCRIPT, &HTMX, &ICON]
        .into_iter()
        .find(|asset| asset.path.strip_prefix("/assets/") == Some(&name))
        .ok_or(Failure::Missing("file"))?;
    Ok(([(CONTENT_TYPE, asset.media_type), (CACHE_CONTROL, FOR_GOOD)], asset.bytes).into_response())
}
